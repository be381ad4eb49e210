// A close that deletes, on the real store: either the agent can, or nothing is closed.

import { expect, test } from 'vitest'

import { openSession, send, turnEnded } from '../../../test/_support/session-steps.ts'
import { TestSessions } from '../../../test/_support/test-sessions.ts'
import { HoldfastError } from '../../base/errors.ts'

const DELETES = { deleteConversation: true }

async function used(
  capabilities: string,
): Promise<{ at: TestSessions; id: Awaited<ReturnType<typeof openSession>>['id'] }> {
  const at = await TestSessions.start()
  at.connector.capabilities = capabilities
  const { id } = await openSession(at)
  await turnEnded(at, id, await send(at, id, 'work'))
  return { at, id }
}

test('the conversation of a session is deleted with its close, and again for one that is closed', async () => {
  const { at, id } = await used('{"delete":true}')
  await using _ = at
  expect(await at.service.close(id, DELETES)).toMatchObject({ session: { state: 'closed' }, conversationDeleted: true })
  await at.restart()
  expect(await at.service.close(id, DELETES)).toMatchObject({ conversationDeleted: true })
  expect(at.connector.forgotten).toEqual([`as-${id}`])
})

test('of an agent that cannot delete nothing is closed, whether that is known or found out', async () => {
  const { at, id } = await used('{"delete":false}')
  await using _ = at
  await expect(at.service.close(id, DELETES)).rejects.toMatchObject({ code: 'AGENT_UNSUPPORTED' })
  const cannot = await used('{"delete":true}')
  await using __ = cannot.at
  cannot.at.connector.forget = async () => {
    throw new HoldfastError('AGENT_UNSUPPORTED', { agent: 'fake', method: 'session/delete' })
  }
  await expect(cannot.at.service.close(cannot.id, DELETES)).rejects.toMatchObject({ code: 'AGENT_UNSUPPORTED' })
  for (const one of [{ at, id }, cannot]) expect((await one.at.service.get(one.id)).session.state).toBe('open')
})

test('a session that has no conversation is just closed', async () => {
  await using at = await TestSessions.start()
  const { id } = await openSession(at)
  const closed = await at.service.close(id, DELETES)
  expect([closed.session.state, closed.conversationDeleted, at.connector.forgotten]).toEqual(['closed', undefined, []])
})
