// Flatness by construction: no read statement may cost more as sessions or events are added.

import { mkdtempSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { openSqliteStore } from './open-sqlite-store.ts'
import type { Statement } from './statement.ts'
import { SQLITE_STATEMENTS } from './statements.gen.ts'
import { createTables } from './tables.ts'

const SESSIONS = 1_000
const EVENTS_PER_SESSION = 20

const { nodes, lives, sessions, families, turns, events, permissions, elicitations, permissionRules, tasks, leases } =
  createTables(SQLITE_STATEMENTS)
const statements: Statement<never, unknown>[] = [
  nodes,
  lives,
  sessions,
  families,
  turns,
  events,
  permissions,
  elicitations,
  permissionRules,
  tasks,
  leases,
].flatMap((table) => Object.values<Statement<never, unknown>>(table.statements()))
const reads = statements.filter(({ sql }) => sql.startsWith('select')).map(({ name, sql }) => ({ name, sql }))
const updates = statements.filter(({ sql }) => sql.startsWith('update')).map(({ name, sql }) => ({ name, sql }))

/** Sets that are small however old the database is; to walk them is to walk what is asked for. */
const SMALL_INDEXES = [
  'turn_place',
  'permission_open',
  'elicitation_open',
  'elicitation_kept',
  'permission_rule_in_force',
  'session_blocked',
  'session_damaged',
  'session_label',
  'task_open',
  'task_due',
]
/** Goes back from the newest row and ends at its LIMIT. */
const LIMITED_WALKS = new Map([
  ['permission.list', 'SCAN permission'],
  ['elicitation.list', 'SCAN elicitation'],
  ['permissionRule.list', 'SCAN permission_rule'],
])

describe('the plan of', () => {
  let directory = ''
  let db: DatabaseSync

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-plans-'))
    const file = join(directory, 'store.db')
    await (await openSqliteStore({ file }))[Symbol.asyncDispose]()
    db = new DatabaseSync(file)
    fill(db)
  })
  afterAll(() => {
    db.close()
    rmSync(directory, { recursive: true })
  })

  test.each(reads)('$name searches an index and sorts nothing', ({ name, sql }) => {
    expect(badSteps(db, name, sql)).toEqual([])
  })

  test.each(updates)('$name finds its row by an index', ({ name, sql }) => {
    expect(badSteps(db, name, sql)).toEqual([])
  })

  test('a scan, a sort and an index over everything are seen as bad', () => {
    const bad = [
      'select * from event where at > 5',
      'select * from turn order by accepted_at',
      'select state from session',
    ]
    expect(bad.map((sql) => badSteps(db, 'planted', sql).length)).toEqual([1, 2, 1])
  })

  test('covers every table and is not empty', () => {
    expect(reads.length).toBeGreaterThan(30)
    expect(updates.length).toBeGreaterThan(5)
  })
})

function badSteps(db: DatabaseSync, name: string, sql: string): string[] {
  const steps = db
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all()
    .map(({ detail }) => String(detail))
  return steps.filter((step) => /TEMP B-TREE/.test(step) || (step.startsWith('SCAN') && !isSmall(name, step)))
}

function isSmall(name: string, step: string): boolean {
  if (LIMITED_WALKS.get(name) === step) return true
  return SMALL_INDEXES.includes(/USING (?:COVERING )?INDEX (\w+)/.exec(step)?.[1] ?? '')
}

function fill(db: DatabaseSync): void {
  db.exec(`
    BEGIN;
    CREATE TEMP TABLE number AS
      WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < ${SESSIONS}) SELECT value FROM n;
    INSERT INTO session (id, key, agent, cwd, mode, on_interrupt, permission_mode, state, generation, node_id, epoch, last_seq, last_crc,
      last_turn_n, created_at, updated_at, continuity, options, conversation_used,
      conversation_lost, notify, label, parent)
    SELECT 'ses_' || value, 'key' || value, 'agent' || (value % 3), '/', 'persistent', 'hold', 'ask',
      CASE WHEN value % 10 = 0 THEN 'open' ELSE 'closed' END, 0, 'local', 1, ${EVENTS_PER_SESSION}, 0, 0, 0, 0,
      'resume', '{}', 0, 0, 'done_only', CASE WHEN value % 2 = 0 THEN 'label' || value END, CASE WHEN value % 5 = 0 THEN 'ses_1' END
    FROM number;
    INSERT INTO event (session_no, seq, turn_id, type, at, data, crc)
    SELECT no, value, NULL, 'update', 0, '{}', 0 FROM session, number WHERE value <= ${EVENTS_PER_SESSION};
    DROP TABLE number;
    COMMIT;
  `)
}
