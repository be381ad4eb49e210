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

-- Lives of a gateway, one row each, the newest 100. ended_how NULL: it runs, or nobody has looked yet at how it ended.
CREATE TABLE life (
  node_id TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  version TEXT NOT NULL,
  pid INTEGER NOT NULL,
  boot_id TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ready_at INTEGER,
  -- NULL: it was not in safe mode. left: a person ended that, over: time did.
  safe_mode TEXT CHECK (safe_mode IN ('on', 'left', 'over')),
  -- What it made of the turns that it found running.
  turns_taken_over INTEGER,
  turns_interrupted INTEGER,
  -- Its control group, and the processes of that which the kernel had ended for want of memory when it started; NULL: not known.
  memory_group TEXT,
  oom_kills INTEGER,
  -- When it was asked to end, in whatever way.
  asked_at INTEGER,
  ended_at INTEGER,
  ended_how TEXT CHECK (ended_how IN ('stopped', 'restart', 'failed', 'crashed', 'wedged', 'killed', 'machine_down')),
  -- Code of the error, and what else is known, for people.
  ended_code TEXT,
  ended_reason TEXT,
  PRIMARY KEY (node_id, epoch)
) WITHOUT ROWID;

CREATE TABLE session (
  no INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  -- Spelled as it was given, compared without regard to case.
  key TEXT COLLATE NOCASE,
  -- Names the request that made it, for a client that asks again because it heard no answer; NULL: the request had no name.
  request_key TEXT,
  agent TEXT NOT NULL,
  cwd TEXT NOT NULL,
  mode TEXT NOT NULL CHECK (mode IN ('persistent', 'oneshot')),
  on_interrupt TEXT NOT NULL CHECK (on_interrupt IN ('hold', 'continue', 'retry')),
  permission_mode TEXT NOT NULL CHECK (permission_mode IN ('ask', 'approve-reads', 'approve-all', 'deny-all')),
  state TEXT NOT NULL CHECK (state IN ('open', 'closing', 'closed')),
  blocked_by TEXT,
  agent_session_id TEXT,
  generation INTEGER NOT NULL,
  -- Last line of the agent process whose effect is in these tables; NULL: no process of this generation is ready.
  agent_line INTEGER,
  agent_capabilities TEXT,
  -- What is agreed between the session and its agent. options, controls: JSON.
  continuity TEXT NOT NULL CHECK (continuity IN ('resume', 'fork', 'ask', 'fresh')),
  options TEXT NOT NULL,
  controls TEXT,
  title TEXT,
  -- How the agent's session id came to be known; whether it was given a prompt; when it began, epoch ms; why the next process is
  -- to begin another conversation; whether it cannot be gone on with and somebody has to decide.
  conversation_source TEXT,
  conversation_used INTEGER NOT NULL CHECK (conversation_used IN (0, 1)),
  conversation_begun_at INTEGER,
  conversation_anew TEXT,
  conversation_lost INTEGER NOT NULL CHECK (conversation_lost IN (0, 1)),
  -- The login that the agent wants before it takes the prompt that holds the queue, as JSON; NULL: none.
  login TEXT,
  definition_digest TEXT,
  -- JSON: what its agent is opened with besides its directory; NULL: nothing.
  equipment TEXT,
  node_id TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  last_crc INTEGER NOT NULL,
  last_turn_n INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  closed_at INTEGER,
  -- What of it cannot be read as it was written: the session is in quarantine, nobody writes to it but who closes it.
  damage TEXT,
  label TEXT,
  -- Id of the session that this one works for: each of its turns is a task of that one.
  parent TEXT,
  notify TEXT NOT NULL CHECK (notify IN ('silent', 'done_only', 'state_changes', 'prompt'))
);
-- A key names at most one session that is not closed.
CREATE UNIQUE INDEX session_key ON session (key) WHERE state <> 'closed';
CREATE UNIQUE INDEX session_request_key ON session (request_key) WHERE request_key IS NOT NULL AND state <> 'closed';
CREATE INDEX session_state ON session (state, no);
CREATE INDEX session_agent ON session (agent, no);
CREATE INDEX session_agent_state ON session (agent, state, no);
CREATE INDEX session_blocked ON session (no) WHERE blocked_by IS NOT NULL;
CREATE INDEX session_login ON session (agent) WHERE login IS NOT NULL;
CREATE INDEX session_conversation ON session (agent_session_id) WHERE agent_session_id IS NOT NULL AND state <> 'closed';
CREATE INDEX session_parent ON session (parent, no) WHERE parent IS NOT NULL;
CREATE INDEX session_child ON session (parent) WHERE parent IS NOT NULL AND state <> 'closed';
CREATE INDEX session_damaged ON session (no) WHERE damage IS NOT NULL;
CREATE INDEX session_label ON session (no, label) WHERE label IS NOT NULL;

-- What the editor that opened a session last gave for its agent. It may hold credentials: read for a start of the agent only, and
-- gone when the session is closed. mcp_servers, meta: JSON.
CREATE TABLE session_given (
  session_no INTEGER PRIMARY KEY REFERENCES session (no),
  mcp_servers TEXT NOT NULL,
  meta TEXT
);
CREATE TRIGGER session_given_ends AFTER UPDATE OF state ON session WHEN NEW.state = 'closed'
BEGIN
  DELETE FROM session_given WHERE session_no = NEW.no;
END;

CREATE TABLE turn (
  id TEXT NOT NULL UNIQUE,
  session_no INTEGER NOT NULL REFERENCES session (no),
  n INTEGER NOT NULL CHECK (n > 0),
  -- Where the turn is: its rank in the queue (smaller is sooner, never 0), 0 with the agent, NULL at its end.
  place INTEGER CHECK (CASE WHEN state = 'queued' THEN place IS NOT NULL AND place <> 0
    WHEN state IN ('dispatching', 'running') THEN place IS NOT NULL AND place = 0 ELSE place IS NULL END),
  state TEXT NOT NULL CHECK (state IN ('queued', 'dispatching', 'running',
    'completed', 'cancelled', 'failed', 'timed_out', 'interrupted', 'expired')),
  origin TEXT NOT NULL CHECK (origin IN ('user', 'agent', 'retry', 'task')),
  idempotency_key TEXT,
  body_hash TEXT NOT NULL,
  retry_of TEXT,
  on_interrupt TEXT CHECK (on_interrupt IN ('hold', 'continue', 'retry')),
  unattended TEXT CHECK (unattended IN ('ask', 'deny', 'fail')),
  delivery TEXT NOT NULL CHECK (delivery IN ('no', 'yes', 'unknown')),
  generation INTEGER,
  accepted_at INTEGER NOT NULL,
  expires_at INTEGER,
  -- Limit of the whole turn, instead of the configured one.
  deadline_ms INTEGER CHECK (deadline_ms > 0),
  lane TEXT NOT NULL CHECK (lane IN ('interactive', 'background', 'scheduled')),
  dispatched_at INTEGER,
  running_at INTEGER,
  -- JSON: why the turn is being ended, and until when the agent may take.
  cancelling TEXT,
  prompt TEXT,
  -- JSON: what is sent as `_meta` beside the prompt.
  meta TEXT,
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

-- What agents ask of people: a form to fill in, or a URL to go to.
CREATE TABLE elicitation (
  no INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  session_no INTEGER NOT NULL REFERENCES session (no),
  turn_id TEXT,
  generation INTEGER NOT NULL,
  -- As of a permission request.
  request_id TEXT NOT NULL,
  line INTEGER NOT NULL,
  mode TEXT NOT NULL CHECK (mode IN ('form', 'url')),
  message TEXT NOT NULL,
  requested_schema TEXT,
  url TEXT,
  -- The agent's own name of one with a URL.
  agent_elicitation_id TEXT,
  tool_call_id TEXT,
  state TEXT NOT NULL CHECK (state IN ('open', 'answered', 'cancelled', 'timed_out', 'void')),
  action TEXT CHECK (action IN ('accept', 'decline', 'cancel')),
  -- JSON: the names of the fields that were filled in; and their values, until the agent provably has them.
  fields TEXT,
  content TEXT,
  answered_by TEXT,
  requested_at INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  closed_at INTEGER,
  completed_at INTEGER,
  CHECK ((mode = 'form') = (requested_schema IS NOT NULL)),
  CHECK ((mode = 'url') = (url IS NOT NULL)),
  CHECK ((state = 'open') = (action IS NULL)),
  -- The database, not the code, keeps values out of what nobody has accepted.
  CHECK (content IS NULL OR (state = 'answered' AND action = 'accept'))
);
CREATE INDEX elicitation_session ON elicitation (session_no, no);
CREATE INDEX elicitation_state ON elicitation (state, no);
CREATE INDEX elicitation_open ON elicitation (session_no, no) WHERE state = 'open';
CREATE INDEX elicitation_kept ON elicitation (session_no, no) WHERE content IS NOT NULL;

-- Standing answers to permission requests. Made once, revoked at most once, never deleted: what was allowed when can be looked up.
CREATE TABLE permission_rule (
  no INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  effect TEXT NOT NULL CHECK (effect IN ('allow', 'ask', 'deny')),
  scope TEXT NOT NULL CHECK (scope IN ('session', 'agent', 'everywhere')),
  session_no INTEGER REFERENCES session (no),
  agent TEXT,
  tool_kind TEXT,
  path TEXT,
  command TEXT,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER,
  revoked_by TEXT,
  hits INTEGER NOT NULL,
  last_used_at INTEGER,
  CHECK ((scope = 'session') = (session_no IS NOT NULL)),
  CHECK ((scope = 'agent') = (agent IS NOT NULL)),
  CHECK ((revoked_at IS NULL) = (revoked_by IS NULL)),
  -- The database, not the code, refuses an allow rule that names nothing but what the agent claims.
  CHECK (effect <> 'allow' OR path IS NOT NULL OR command IS NOT NULL)
);
CREATE INDEX permission_rule_in_force ON permission_rule (no) WHERE revoked_at IS NULL;

-- A turn of a session that has a parent, as the parent's task. Written with the turn, so neither is there without the other.
CREATE TABLE task (
  no INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  parent TEXT NOT NULL,
  session_no INTEGER NOT NULL REFERENCES session (no),
  turn_id TEXT NOT NULL UNIQUE,
  label TEXT,
  status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'timed_out', 'cancelled', 'lost')),
  -- Whether a turn that succeeded could do what it was asked to.
  outcome TEXT CHECK (outcome IN ('succeeded', 'blocked')),
  reason TEXT,
  progress TEXT NOT NULL,
  summary TEXT,
  error TEXT,
  notify TEXT NOT NULL CHECK (notify IN ('silent', 'done_only', 'state_changes', 'prompt')),
  -- 1: there is something that the parent was not told yet.
  due INTEGER NOT NULL CHECK (due IN (0, 1)),
  delivery TEXT NOT NULL CHECK (delivery IN ('pending', 'delivered', 'parent_closed', 'not_applicable')),
  accepted_at INTEGER NOT NULL,
  started_at INTEGER,
  ended_at INTEGER,
  -- When the parent was told of the start and of the end.
  announced_at INTEGER,
  told_at INTEGER,
  CHECK ((ended_at IS NULL) = (status IN ('queued', 'running'))),
  CHECK ((outcome IS NULL) = (status <> 'succeeded')),
  CHECK ((told_at IS NULL) = (delivery IN ('pending', 'not_applicable')))
);
CREATE INDEX task_parent ON task (parent, no);
CREATE INDEX task_open ON task (session_no) WHERE ended_at IS NULL;
CREATE INDEX task_due ON task (no) WHERE due = 1;
CREATE INDEX task_ended ON task (ended_at) WHERE ended_at IS NOT NULL;
-- The database, not the code, keeps the first end, but that `lost` gives way to what is known; and the first telling.
CREATE TRIGGER task_end_stays BEFORE UPDATE ON task
  WHEN OLD.ended_at IS NOT NULL AND NEW.status <> OLD.status AND (OLD.status <> 'lost' OR NEW.ended_at IS NULL)
BEGIN
  SELECT RAISE(ABORT, 'the task has ended');
END;
CREATE TRIGGER task_told_once BEFORE UPDATE ON task WHEN OLD.told_at IS NOT NULL AND NEW.told_at IS NOT OLD.told_at
BEGIN
  SELECT RAISE(ABORT, 'the parent was told');
END;

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
