-- Sessions, turns, events, permission requests, process leases, nodes.
-- Times are epoch milliseconds; JSON is text and never parsed by the database; flags are 0 or 1.

CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE node (
  id TEXT PRIMARY KEY,
  epoch INTEGER NOT NULL,
  started_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE session (
  no INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  key TEXT,
  agent TEXT NOT NULL,
  cwd TEXT NOT NULL,
  mode TEXT NOT NULL CHECK (mode IN ('persistent', 'oneshot')),
  on_interrupt TEXT NOT NULL CHECK (on_interrupt IN ('hold', 'continue', 'retry')),
  state TEXT NOT NULL CHECK (state IN ('open', 'closing', 'closed')),
  blocked_by TEXT,
  agent_session_id TEXT,
  generation INTEGER NOT NULL,
  -- Last line of the agent process whose effect is in these tables; NULL: no process of this generation is ready.
  agent_line INTEGER,
  agent_capabilities TEXT,
  node_id TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  last_crc INTEGER NOT NULL,
  last_turn_n INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  closed_at INTEGER
);
-- A key names at most one session that is not closed.
CREATE UNIQUE INDEX session_key ON session (key) WHERE state <> 'closed';
CREATE INDEX session_state ON session (state, no);
CREATE INDEX session_agent ON session (agent, no);
CREATE INDEX session_agent_state ON session (agent, state, no);
CREATE INDEX session_blocked ON session (no) WHERE blocked_by IS NOT NULL;

CREATE TABLE turn (
  id TEXT NOT NULL UNIQUE,
  session_no INTEGER NOT NULL REFERENCES session (no),
  n INTEGER NOT NULL CHECK (n > 0),
  -- Where the turn is: n in the queue, 0 with the agent, NULL at its end.
  place INTEGER CHECK (place IS CASE WHEN state = 'queued' THEN n WHEN state IN ('dispatching', 'running') THEN 0 END),
  state TEXT NOT NULL CHECK (state IN ('queued', 'dispatching', 'running',
    'completed', 'cancelled', 'failed', 'timed_out', 'interrupted', 'expired')),
  origin TEXT NOT NULL CHECK (origin IN ('user', 'agent', 'retry')),
  idempotency_key TEXT,
  body_hash TEXT NOT NULL,
  retry_of TEXT,
  on_interrupt TEXT CHECK (on_interrupt IN ('hold', 'continue', 'retry')),
  delivery TEXT NOT NULL CHECK (delivery IN ('no', 'yes', 'unknown')),
  generation INTEGER,
  accepted_at INTEGER NOT NULL,
  expires_at INTEGER,
  dispatched_at INTEGER,
  running_at INTEGER,
  -- JSON: why the turn is being ended, and until when the agent may take.
  cancelling TEXT,
  prompt TEXT,
  -- The outcome, with state and delivery. It is in the turn's own row, so that a turn has one and its commit one page less.
  stop_reason TEXT,
  forced INTEGER CHECK (forced IN (0, 1)),
  error TEXT,
  usage TEXT,
  ended_at INTEGER,
  CHECK ((place IS NULL) = (ended_at IS NOT NULL)),
  CHECK ((forced IS NULL) = (ended_at IS NULL)),
  PRIMARY KEY (session_no, n)
) WITHOUT ROWID;
CREATE UNIQUE INDEX turn_idempotency_key ON turn (session_no, idempotency_key) WHERE idempotency_key IS NOT NULL;
-- The database, not the code, forbids two active turns in a session: place 0 is there once. A step from `dispatching` to
-- `running` does not change the place, so it does not write this index.
CREATE UNIQUE INDEX turn_place ON turn (session_no, place) WHERE place IS NOT NULL;
-- The database, not the code, keeps the first outcome.
CREATE TRIGGER turn_outcome_stays BEFORE UPDATE ON turn WHEN OLD.ended_at IS NOT NULL
BEGIN
  SELECT RAISE(ABORT, 'the turn has an outcome');
END;

-- A large prompt lives apart from its turn, so that it is written once and not again with every change of state.
CREATE TABLE turn_prompt (
  turn_id TEXT PRIMARY KEY REFERENCES turn (id),
  prompt TEXT NOT NULL
) WITHOUT ROWID;

-- crc: CRC-32 over this row, started with the crc of the row before; session.last_crc is the last of the chain.
CREATE TABLE event (
  session_no INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  turn_id TEXT,
  type TEXT NOT NULL,
  at INTEGER NOT NULL,
  data TEXT NOT NULL,
  crc INTEGER NOT NULL,
  PRIMARY KEY (session_no, seq)
) WITHOUT ROWID;

CREATE TABLE permission (
  no INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  session_no INTEGER NOT NULL REFERENCES session (no),
  turn_id TEXT,
  generation INTEGER NOT NULL,
  -- JSON: the id of the agent's request; and the number of its line, which names the frame of the answer.
  request_id TEXT NOT NULL,
  line INTEGER NOT NULL,
  tool_call TEXT NOT NULL,
  options TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'answered', 'cancelled', 'timed_out', 'void')),
  option_id TEXT,
  answered_by TEXT,
  requested_at INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  closed_at INTEGER
);
CREATE INDEX permission_session ON permission (session_no, no);
CREATE INDEX permission_state ON permission (state, no);
CREATE INDEX permission_open ON permission (session_no, no) WHERE state = 'open';

-- Who holds agent processes: a keeper process, or a gateway itself. Its number is the epoch in the tags of what it starts.
CREATE TABLE keeper (
  no INTEGER PRIMARY KEY AUTOINCREMENT,
  hosting TEXT NOT NULL CHECK (hosting IN ('inline', 'keeper')),
  node_epoch INTEGER NOT NULL,
  version TEXT NOT NULL,
  boot_id TEXT NOT NULL,
  secret TEXT NOT NULL,
  pid INTEGER,
  start_ticks TEXT,
  started_at INTEGER NOT NULL,
  ended_at INTEGER
);
CREATE INDEX keeper_open ON keeper (no) WHERE ended_at IS NULL;

CREATE TABLE lease (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  keeper_no INTEGER NOT NULL,
  session_id TEXT,
  generation INTEGER NOT NULL,
  agent TEXT NOT NULL,
  node_epoch INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('spawning', 'running', 'stopping', 'closed', 'lost', 'stuck')),
  boot_id TEXT NOT NULL,
  tag TEXT NOT NULL,
  command_digest TEXT NOT NULL,
  pid INTEGER,
  start_ticks TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  exit TEXT
);
CREATE INDEX lease_state ON lease (state, id);
