// The `_meta` of a prompt: stored with its turn, and given to the agent exactly, whatever happens before.

import { expect, test } from 'vitest'

import { openSession, send, turnEnded } from '../../../test/_support/session-steps.ts'
import { TestSessions } from '../../../test/_support/test-sessions.ts'

const META = '{"traceparent":"00-1","n":1.0,"10":1,"2":2}'

test('C-79 it is given as it was written, also by a later life, after an edit and to a retry', async () => {
  await using at = await TestSessions.start()
  at.connector.onPrompt = () => {}
  const { id } = await openSession(at, { onInterrupt: 'retry' })
  await send(at, id, 'first', { meta: META })
  const second = await send(at, id, 'second', { meta: '{"second":1.0}' })
  await at.service.editTurn(id, second, { prompt: [{ type: 'text', text: 'x'.repeat(2_000) }] })
  await expect.poll(() => at.connector.agents[0]?.metas).toEqual([META])
  at.connector.onPrompt = ({ listener }, turnId) =>
    listener.answered(turnId, { kind: 'stopped', stopReason: 'end_turn', usage: undefined })
  await at.restart()
  expect((await turnEnded(at, id, second)).meta).toBe('{"second":1.0}')
  expect(at.connector.agents[0]?.metas).toEqual([META, '{"second":1.0}'])
})

test('a prompt that comes again under its key with another trace is the same prompt', async () => {
  await using at = await TestSessions.start()
  const { id } = await openSession(at)
  const first = await send(at, id, 'one', { idempotencyKey: 'k', meta: '{"traceparent":"00-1"}' })
  expect(await send(at, id, 'one', { idempotencyKey: 'k', meta: '{"traceparent":"00-2"}' })).toBe(first)
})
