// A close that comes when another one is nearly done.

import { expect, test, vi } from 'vitest'

import { openSession, send, turnEnded } from '../../test/_support/session-steps.ts'
import { TestSessions } from '../../test/_support/test-sessions.ts'

test('a close that arrives while the end of the session is being stored is told that it is closed', async () => {
  await using at = await TestSessions.start()
  const { status } = await at.service.ensure({ agent: 'fake', cwd: '/tmp' })
  const { session } = status
  const commit = at.store.commit.bind(at.store)
  const look = vi.spyOn(at.store, 'findSession')
  let second: ReturnType<typeof at.service.close> | undefined
  vi.spyOn(at.store, 'commit').mockImplementation(async (fence, durability, writes) => {
    const isEnd = writes.some((write) => write.kind === 'event' && write.event.type === 'session.closed')
    if (isEnd && second === undefined) {
      const looked = look.mock.calls.length
      second = at.service.close(session.id)
      await look.mock.results[looked]?.value // it has seen an open session
      await new Promise((resolve) => setImmediate(resolve)) // and its wish is in the mailbox
    }
    return commit(fence, durability, writes)
  })
  const first = await at.service.close(session.id)
  expect(first.session.state).toBe('closed')
  expect(await second).toMatchObject({ session: first.session, turns: [] })
})

test('the agent of a session that closes hears it; one that is stopped to go on later does not', async () => {
  await using at = await TestSessions.start()
  const { id } = await openSession(at)
  await turnEnded(at, id, await send(at, id, 'work'))
  await at.service.reset(id, { what: 'options', force: false })
  await turnEnded(at, id, await send(at, id, 'more'))
  await at.service.close(id)
  expect(at.connector.agents.map(({ stops, isClosed }) => [stops, isClosed])).toEqual([
    [1, false],
    [1, true],
  ])
})
