// Rules of the schema itself: raw SQL, past every line of ours, is refused.

import { mkdtempSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { openSqliteStore } from './open-sqlite-store.ts'

/** Turn 1 has ended, turn 2 is with the agent, turns 3 and 4 wait. */
const ROWS = `
  INSERT INTO session (id, agent, cwd, mode, on_interrupt, permission_mode, state, generation, node_id, epoch, last_seq, last_crc, last_turn_n,
    created_at, updated_at, continuity, options, conversation_used, conversation_lost, notify)
    VALUES ('ses_1', 'echo', '/', 'persistent', 'hold', 'ask', 'open', 0, 'local', 1, 0, 0, 3, 0, 0, 'resume', '{}', 0, 0, 'silent');
  INSERT INTO turn (id, session_no, n, place, state, origin, body_hash, delivery, accepted_at, lane, forced, ended_at) VALUES
    ('turn_1', 1, 1, NULL, 'completed', 'user', '', 'yes', 0, 'interactive', 0, 9),
    ('turn_2', 1, 2, 0, 'running', 'user', '', 'yes', 0, 'interactive', NULL, NULL),
    ('turn_3', 1, 3, 3, 'queued', 'user', '', 'no', 0, 'interactive', NULL, NULL),
    ('turn_4', 1, 4, 4, 'queued', 'user', '', 'no', 0, 'background', NULL, NULL);
`

describe('the schema refuses', () => {
  let directory = ''
  let db: DatabaseSync

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-schema-'))
    const file = join(directory, 'store.db')
    await (await openSqliteStore({ file }))[Symbol.asyncDispose]()
    db = new DatabaseSync(file, { enableForeignKeyConstraints: true })
    db.exec(ROWS)
  })
  afterEach(() => {
    db.close()
    rmSync(directory, { recursive: true })
  })

  test.each([
    ['a second outcome', "UPDATE turn SET state = 'failed', ended_at = 10 WHERE n = 1", 'has an outcome'],
    ['any change of a turn that has ended', "UPDATE turn SET delivery = 'no' WHERE n = 1", 'has an outcome'],
    [
      'an outcome taken back',
      "UPDATE turn SET state = 'queued', place = 1, ended_at = NULL, forced = NULL WHERE n = 1",
      'has an outcome',
    ],
    ['a second active turn', "UPDATE turn SET state = 'dispatching', place = 0 WHERE n = 3", 'UNIQUE'],
    ['an active turn that keeps its place in the queue', "UPDATE turn SET state = 'running' WHERE n = 3", 'CHECK'],
    ['an active turn that gives up its place', 'UPDATE turn SET place = NULL WHERE n = 2', 'CHECK'],
    ['a queued turn in the place of another', 'UPDATE turn SET place = 4 WHERE n = 3', 'UNIQUE'],
    ['a queued turn without a place', 'UPDATE turn SET place = NULL WHERE n = 3', 'CHECK'],
    ['a lane that nobody knows', "UPDATE turn SET lane = 'fast' WHERE n = 3", 'CHECK'],
    ['an end without an outcome', "UPDATE turn SET state = 'failed', place = NULL WHERE n = 2", 'CHECK'],
    ['an outcome before the end', 'UPDATE turn SET ended_at = 10, forced = 0 WHERE n = 2', 'CHECK'],
    ['half an outcome', "UPDATE turn SET state = 'failed', place = NULL, ended_at = 10 WHERE n = 2", 'CHECK'],
    ['turn 0, whose place would be the active one', 'UPDATE turn SET n = 0, place = 0 WHERE n = 3', 'CHECK'],
  ])('%s', (_, sql, reason) => {
    expect(() => db.exec(sql)).toThrow(reason)
  })

  test('and lets a turn go its way', () => {
    db.exec("UPDATE turn SET state = 'cancelled', place = NULL, forced = 1, ended_at = 10 WHERE n = 2")
    db.exec("UPDATE turn SET state = 'dispatching', place = 0 WHERE n = 3")
    db.exec("UPDATE turn SET state = 'running' WHERE n = 3")
    expect(db.prepare('SELECT state FROM turn ORDER BY n').all()).toMatchObject([
      { state: 'completed' },
      { state: 'cancelled' },
      { state: 'running' },
      { state: 'queued' },
    ])
  })
})
