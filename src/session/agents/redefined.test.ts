// What a new definition of an agent does to the processes of the old one.

import { expect, test } from 'vitest'

import { openSession, send, turnEnded } from '../../../test/_support/session-steps.ts'
import { TestSessions } from '../../../test/_support/test-sessions.ts'
import type { AgentDefinition } from '../../agent/definition.ts'

async function start() {
  const definition = { name: 'fake', title: 'Fake', argv: ['old'] as const, env: {}, source: 'config' as const }
  const defined: { current: AgentDefinition | undefined } = { current: definition }
  const at = await TestSessions.start({}, { findDefinition: () => defined.current })
  const redefine = (argv: readonly [string] | undefined): void => {
    defined.current = argv && { ...definition, argv }
    at.sessions.redefine()
  }
  const programs = (): string[] => at.connector.agents.map(({ request }) => request.definition.argv?.join(' ') ?? '')
  return { at, redefine, programs }
}

test('an idle agent of another definition is ended, and the next prompt gets a process of the new one', async () => {
  const { at, redefine, programs } = await start()
  await using _ = at
  const { id, no } = await openSession(at)
  await turnEnded(at, id, await send(at, id, 'one'))
  redefine(['old'])
  redefine(['new'])
  await expect.poll(() => at.connector.agents[0]?.stops).toBe(1)
  expect((await turnEnded(at, id, await send(at, id, 'two'))).state).toBe('completed')
  expect(programs()).toEqual(['old', 'new'])
  expect((await at.history(no)).filter((name) => name === 'agent.retired')).toHaveLength(1)
})

test('a running turn goes on in its process; the prompt that waits behind it gets a new one', async () => {
  const { at, redefine, programs } = await start()
  await using _ = at
  at.connector.onPrompt = () => {}
  const { id } = await openSession(at)
  const first = await send(at, id, 'one')
  const second = await send(at, id, 'two')
  await expect.poll(() => at.connector.agents[0]?.prompts).toEqual([first])
  redefine(['new'])
  expect(at.connector.agents[0]?.stops).toBe(0)
  at.connector.agents[0]?.listener.answered(first, { kind: 'stopped', stopReason: 'end_turn', usage: undefined })
  await expect.poll(programs).toEqual(['old', 'new'])
  await expect.poll(() => at.connector.agents[1]?.prompts).toEqual([second])
})

test('an agent whose definition changes while it starts takes no second prompt', async () => {
  const { at, redefine, programs } = await start()
  await using _ = at
  const { id } = await openSession(at)
  at.connector.onConnect = () => {
    at.connector.onConnect = () => {}
    redefine(['new'])
  }
  await turnEnded(at, id, await send(at, id, 'one'))
  await turnEnded(at, id, await send(at, id, 'two'))
  expect(programs()).toEqual(['old', 'new'])
})

test('a session whose agent is gone is kept, refuses prompts, and goes on when the agent is back', async () => {
  const { at, redefine } = await start()
  await using _ = at
  const { id } = await openSession(at)
  await turnEnded(at, id, await send(at, id, 'one'))
  const asked = at.connector.onPrompt
  at.connector.onPrompt = () => {}
  const running = await send(at, id, 'two')
  redefine(undefined)
  await expect(send(at, id, 'while it runs')).rejects.toMatchObject({ code: 'SESSION_STALE' })
  at.connector.onPrompt = asked
  at.connector.agents[0]?.listener.answered(running, { kind: 'stopped', stopReason: 'end_turn', usage: undefined })
  await expect.poll(() => at.connector.agents[0]?.stops).toBe(1)
  await expect.poll(async () => (await at.service.get(id)).live.activity).toBe('dormant')
  await expect(send(at, id, 'two')).rejects.toMatchObject({ code: 'SESSION_STALE' })
  redefine(['old'])
  expect((await turnEnded(at, id, await send(at, id, 'three'))).state).toBe('completed')
})
