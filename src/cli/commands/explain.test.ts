// What `holdfast explain` says, from what the gateway tells.

import { expect, test } from 'vitest'

import type { ExplanationView } from '../../wire/insight.ts'
import { explanationText } from './explain.ts'

const NOW = Date.parse('2026-01-01T00:00:00Z')
const RUNNING: ExplanationView = {
  session_id: 'ses_1',
  key: 'mine',
  activity: 'running',
  active_turn: 'turn_1',
  queued: 2,
  waits: [{ kind: 'agent', since: '2025-12-31T23:59:50Z', subject: 'turn_1' }],
  deadline: { kind: 'silence', at: '2026-01-01T00:01:30Z' },
  frees: ['cancel', 'closeSession'],
  login: null,
}

test('says what it waits for, what happens by itself and when, and what to type', () => {
  expect(explanationText(RUNNING, NOW)).toBe(
    [
      'mine is running, 2 queued.',
      'Its agent works and has said nothing (turn_1), for 10s.',
      'By itself: the turn is cancelled in 90 s, if nothing is heard until then.',
      'You can:',
      '  holdfast cancel ses_1',
      '  holdfast sessions close ses_1',
      '',
    ].join('\n'),
  )
})

const LOGIN = { agent: 'a', methods: [], reason: 'no key', elsewhere: false, command: 'holdfast agents login a' }

test.each([
  [LOGIN, '  holdfast agents login a   # what waits goes on after it\n'],
  [{ ...LOGIN, elsewhere: true, command: 'holdfast resume ses_1 --action retry' }, 'You can:\n  holdfast resume'],
])('a session that waits for a login is told why, and how it is made where it can be', (login, expected) => {
  const waits = [{ kind: 'login', since: null, subject: 'turn_1' }]
  const text = explanationText({ ...RUNNING, waits, deadline: null, frees: ['resumeSession'], login }, NOW)
  expect(text).toContain('It waits for a login to its agent (turn_1).\nIt says: no key\n')
  expect(text).toContain(expected)
})

test.each(['permission', 'turn', 'cancel_grace', 'one_of_a_later_version'])(
  'a deadline of kind %s says when, once',
  (kind) => {
    const text = explanationText({ ...RUNNING, deadline: { kind, at: '2026-01-01T00:00:05Z' } }, NOW)
    expect(text.match(/in 5 s/g)).toHaveLength(1)
    expect(text).not.toContain('{when}')
  },
)

test.each([
  ['decision', /--action continue {2}# leave it; .*\n.*--action retry {5}# send its prompt again/],
  ['conversation', /--action fresh {5}# go on in another conversation\n/],
])('a session that waits for a %s is told what each choice does', (kind, expected) => {
  const waits = [{ kind, since: null, subject: 'turn_1' }]
  const text = explanationText({ ...RUNNING, waits, deadline: null, frees: ['resumeSession'] }, NOW)
  expect(text).toMatch(expected)
  expect(text).toContain('  holdfast resume ses_1 --action discard   # cancel the prompts that wait\n')
})
