// What a report answers to permission requests: never for good, whatever stands first.

import { expect, test } from 'vitest'

import type { JsonObject } from '../base/json.ts'
import type { AgentEar } from './tested-agent.ts'
import { runTurn } from './turn.ts'

/** An agent that asks once, with `kinds` to choose from. */
async function ask(kinds: readonly string[], choose: 'allow_once' | 'reject_once') {
  let outcome: JsonObject | undefined
  const agent = {
    ear: undefined as AgentEar | undefined,
    ask: async () => {
      const options = kinds.map((kind) => ({ optionId: `id of ${kind}`, name: kind, kind }))
      outcome = agent.ear?.permission({ sessionId: 's', toolCall: { toolCallId: 't' }, options })
      return { stopReason: 'end_turn' }
    },
  }
  const request = { sessionId: 's', prompt: [], choose }
  const seen = await runTurn(agent, request, { ms: 1_000, signal: new AbortController().signal })
  return { outcome, seen }
}

test('an option that would outlive the report is never chosen', async () => {
  for (const { kinds, choose, optionId } of [
    { kinds: ['allow_always', 'allow_once', 'reject_once'], choose: 'allow_once', optionId: 'id of allow_once' },
    { kinds: ['reject_always', 'reject_once', 'allow_once'], choose: 'reject_once', optionId: 'id of reject_once' },
  ] as const) {
    const { outcome, seen } = await ask(kinds, choose)
    expect(outcome).toEqual({ outcome: 'selected', optionId })
    expect(seen).toMatchObject({ asked: [[...kinds]], chosen: choose, stopReason: 'end_turn' })
  }
})

test('without an option for once the outcome is cancelled', async () => {
  const { outcome, seen } = await ask(['allow_always', 'reject_always'], 'allow_once')
  expect(outcome).toEqual({ outcome: 'cancelled' })
  expect(seen.chosen).toBeUndefined()
})
