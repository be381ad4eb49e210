// Who answers a question of a turn.

import { describe, expect, test, vi } from 'vitest'

import { HoldfastError } from '../../base/errors.ts'
import type { JsonObject } from '../../base/json.ts'
import { QuestionDesk } from './question-desk.ts'
import type { QuestionPorts } from './question-desk.ts'

const asked = (id: string): JsonObject => ({
  elicitation_id: id,
  message: 'which?',
  mode: 'url',
  url: 'https://a.example/',
  requested_schema: null,
})

function openDesk(whenAlone: 'deny' | 'fail', ports: Partial<QuestionPorts> = {}) {
  const seen: string[] = []
  const desk = new QuestionDesk(whenAlone, {
    ask: undefined,
    answer: async (id, { action }) => void seen.push(`${id}=${action}`),
    isOpen: async () => true,
    giveUp: () => void seen.push('give up'),
    note: (text) => void seen.push(`note ${text.split(/[:;]/)[0]}`),
    ...ports,
  })
  return { desk, seen }
}

describe('with nobody to ask', () => {
  test('it is declined and that is said; nothing is ever accepted', async () => {
    const { desk, seen } = openDesk('deny')
    desk.requested(asked('e1'))
    await vi.waitFor(() => expect(seen).toEqual(['note question declined', 'e1=decline']))
  })

  test('fail gives the turn up and answers nothing', async () => {
    const { desk, seen } = openDesk('fail')
    desk.requested(asked('e1'))
    await vi.waitFor(() => expect(seen.at(-1)).toBe('give up'))
    expect(seen).toHaveLength(2)
  })

  test('what the gateway has decided itself is left alone', async () => {
    const { desk, seen } = openDesk('deny', { isOpen: async (id) => id === 'e2' })
    desk.requested(asked('e1'))
    desk.requested(asked('e2'))
    await vi.waitFor(() => expect(seen.at(-1)).toBe('e2=decline'))
    expect(seen).toHaveLength(2)
  })
})

describe('with a person', () => {
  test('the answer is sent; one that the gateway refuses is asked for again', async () => {
    const answers = [{ action: 'accept' as const }, { action: 'decline' as const }]
    const refused = new HoldfastError('ELICITATION_INVALID', { field: 'a', reason: 'is wrong' })
    const answer = vi.fn<QuestionPorts['answer']>().mockRejectedValueOnce(refused).mockResolvedValue()
    const { desk, seen } = openDesk('deny', { ask: async () => answers.shift(), answer })
    desk.requested(asked('e1'))
    await vi.waitFor(() => expect(answer).toHaveBeenLastCalledWith('e1', { action: 'decline' }))
    expect(seen).toEqual(['note question e1 could not be answered'])
  })

  test('one that is answered elsewhere ends and sends nothing', async () => {
    const ask = vi.fn<NonNullable<QuestionPorts['ask']>>(
      (_, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined))),
    )
    const { desk, seen } = openDesk('deny', { ask })
    desk.requested(asked('e1'))
    await vi.waitFor(() => expect(ask).toHaveBeenCalled())
    desk.closed({ elicitation_id: 'e1', state: 'answered' })
    await Promise.resolve()
    expect(ask.mock.calls[0]?.[1].reason).toBe('answered elsewhere')
    expect(seen).toEqual([])
  })
})
