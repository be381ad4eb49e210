// Who answers a permission request, and what is counted.

import { describe, expect, test, vi } from 'vitest'
import type { JsonObject } from '../base/json.ts'
import { HoldfastError } from '../base/errors.ts'
import type { AskPerson, DeskPolicy, DeskPorts } from './permission-desk.ts'
import { PermissionDesk } from './permission-desk.ts'

const options: JsonObject[] = [
  { optionId: 'once', name: 'Once', kind: 'allow_once' },
  { optionId: 'no', name: 'No', kind: 'reject_once' },
]
const asked = (id: string, offered = options): JsonObject => ({
  permission_id: id,
  tool_call: { toolCallId: 't' },
  options: offered,
})
const closed = (id: string, state: string, optionId: string | null): JsonObject => ({
  permission_id: id,
  state,
  option_id: optionId,
})

function openDesk(policy: Partial<DeskPolicy> = {}, ports: Partial<DeskPorts> = {}) {
  const seen: string[] = []
  const desk = new PermissionDesk(
    { mode: 'ask', whenAlone: 'deny', cwd: '/', ...policy },
    {
      ask: undefined,
      answer: async (id, optionId) => void seen.push(`${id}=${optionId}`),
      isOpen: async () => true,
      giveUp: () => void seen.push('give up'),
      note: (text) => void seen.push(`note ${text.split(':')[0]}`),
      ...ports,
    },
  )
  return { desk, seen }
}

describe('with nobody to ask', () => {
  test('deny answers with the offered refusal and says so', async () => {
    const { desk, seen } = openDesk()
    desk.requested(asked('p1'))
    await vi.waitFor(() => expect(seen).toEqual(['note permission denied', 'p1=no']))
  })

  test('fail gives the turn up and answers nothing', async () => {
    const { desk, seen } = openDesk({ whenAlone: 'fail' })
    desk.requested(asked('p1'))
    await vi.waitFor(() =>
      expect(seen).toEqual(['note permission needed and nobody to ask; cancelling the turn', 'give up']),
    )
  })

  test('deny without an offered refusal gives the turn up, never approves', async () => {
    const { desk, seen } = openDesk()
    desk.requested(asked('p1', options.slice(0, 1)))
    await vi.waitFor(() => expect(seen.at(-1)).toBe('give up'))
  })

  test('when the gateway cannot say whether a request is open, it is refused', async () => {
    const { desk, seen } = openDesk({}, { isOpen: () => Promise.reject(new HoldfastError('GATEWAY_UNREACHABLE')) })
    desk.requested(asked('p1'))
    await vi.waitFor(() => expect(seen.at(-1)).toBe('p1=no'))
  })

  test.each(['deny', 'fail'] as const)('%s: what the gateway has decided itself is left alone', async (whenAlone) => {
    const open = new Set(['p2'])
    const { desk, seen } = openDesk({ whenAlone }, { isOpen: async (id) => open.has(id) })
    desk.requested(asked('p1'))
    desk.requested(asked('p2'))
    await vi.waitFor(() => expect(seen).toHaveLength(2))
    expect(seen.at(-1)).toBe(whenAlone === 'deny' ? 'p2=no' : 'give up')
  })

  test('a rule comes first', () => {
    const { desk, seen } = openDesk({ mode: 'approve-all' })
    desk.requested(asked('p1'))
    expect(seen).toEqual(['p1=once'])
  })
})

describe('with a person', () => {
  test('one question at a time, and the answer is sent', async () => {
    const answers = new Map<string, (optionId: string) => void>()
    let n = 0
    const ask = vi.fn<AskPerson>(() => new Promise<string>((resolve) => answers.set(`q${++n}`, resolve)))
    const { desk, seen } = openDesk({}, { ask })
    desk.requested(asked('p1'))
    desk.requested(asked('p2'))
    await vi.waitFor(() => expect(ask).toHaveBeenCalledTimes(1))
    answers.get('q1')?.('once')
    await vi.waitFor(() => expect(ask).toHaveBeenCalledTimes(2))
    answers.get('q2')?.('no')
    await vi.waitFor(() => expect(seen).toEqual(['p1=once', 'p2=no']))
  })

  test('is not asked what the gateway has decided itself', async () => {
    const ask = vi.fn<AskPerson>(async () => 'once')
    const { desk, seen } = openDesk({}, { ask, isOpen: async (id) => id === 'p2' })
    desk.requested(asked('p1'))
    desk.requested(asked('p2'))
    await vi.waitFor(() => expect(seen).toEqual(['p2=once']))
    expect(ask).toHaveBeenCalledOnce()
  })

  test('a question that is answered elsewhere ends and sends nothing', async () => {
    const ask = vi.fn<AskPerson>(
      (_, signal) => new Promise<undefined>((resolve) => signal.addEventListener('abort', () => resolve(undefined))),
    )
    const { desk, seen } = openDesk({}, { ask })
    desk.requested(asked('p1'))
    await vi.waitFor(() => expect(ask).toHaveBeenCalled())
    desk.closed(closed('p1', 'answered', 'once'))
    desk.requested(asked('p2'))
    await vi.waitFor(() => expect(ask).toHaveBeenCalledTimes(2))
    expect(seen).toEqual([])
    expect(desk.tally).toEqual({ approved: 1, denied: 0 })
    desk.close()
  })
})

test('what was decided is counted by the kind of the option, whoever decided', () => {
  const { desk } = openDesk({ mode: 'approve-all' })
  const ends: [string, string | null][] = [
    ['answered', 'once'],
    ['answered', 'no'],
    ['timed_out', 'no'],
    ['timed_out', null],
    ['cancelled', null],
    ['void', null],
  ]
  ends.forEach((_, i) => desk.requested(asked(`p${i}`)))
  ends.forEach(([state, optionId], i) => desk.closed(closed(`p${i}`, state, optionId)))
  expect(desk.tally).toEqual({ approved: 1, denied: 3 })
})

test('losing the race to another client is silent, another failure is said', async () => {
  const codes = ['PERMISSION_CLOSED', 'INTERNAL'] as const
  const notes: string[] = []
  for (const code of codes) {
    const { desk } = openDesk(
      { mode: 'approve-all' },
      { answer: () => Promise.reject(new HoldfastError(code)), note: (text) => void notes.push(text) },
    )
    desk.requested(asked(code))
  }
  await vi.waitFor(() => expect(notes).toHaveLength(1))
  expect(notes[0]).toMatch(/^permission INTERNAL could not be answered/)
})
