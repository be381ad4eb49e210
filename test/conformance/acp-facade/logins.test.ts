// Logins of agents as editors see them, statements F-10, F-11 and F-37. Numbers as in docs/acp-facade.md.

import { afterAll, expect, test } from 'vitest'

import type { SessionId } from '../../../src/base/ids.ts'
import { FacadeEditor, openFacade } from '../../_support/facade-editor.ts'
import { TestSessions } from '../../_support/test-sessions.ts'
import { until } from '../../_support/until.ts'

const at = await TestSessions.start()
const facade = openFacade(at)
afterAll(() => at[Symbol.asyncDispose]())

test('F-10 a login in a terminal is offered to editors that can run one; authenticate has none that it could run', async () => {
  using editor = new FacadeEditor(facade)
  const { result } = await editor.ask('initialize', {
    protocolVersion: 1,
    clientCapabilities: { auth: { terminal: true } },
  })
  expect(result?.['authMethods']).toMatchObject([{ id: 'holdfast-login', type: 'terminal', args: ['--login'] }])
  for (const methodId of ['holdfast-login', 'another', 7])
    expect((await editor.ask('authenticate', { methodId })).error?.code).toBe(-32602)
})

test.each([
  ['F-37 an agent that wants a login ends the prompt with -32000 for an editor that was offered one', true, {}, -32000],
  [
    'F-11 and with -32603 for an editor that was not: no login is asked of it that it could not make',
    false,
    {},
    -32603,
  ],
  ['and so for an agent that runs elsewhere: no login here would help', true, { elsewhere: true }, -32603],
])('%s; the agent is named, and nothing is held up', async (_, terminal, where, code) => {
  using editor = await FacadeEditor.open(facade, { clientCapabilities: { auth: { terminal } } })
  const id = await editor.newSession()
  at.connector.onPrompt = ({ listener }, turnId) => {
    const error = {
      code: 'AGENT_AUTH_REQUIRED',
      message: 'Agent fake needs a login.',
      details: { agent: 'fake', ...where },
    } as const
    listener.answered(turnId, { kind: 'error', error })
  }
  const data = { code: 'AGENT_AUTH_REQUIRED', details: { agent: 'fake' } }
  const { error: first } = await editor.prompt(id, 'hello')
  expect(first).toMatchObject({ code, data })
  expect(first?.message).toContain('Agent fake needs a login. Log in with: holdfast agents login fake')
  expect((await at.service.get(id)).session.blockedBy).toBeUndefined()
  await at.service.prompt(id as SessionId, {
    prompt: [{ type: 'text', text: 'of another client' }],
    onInterrupt: 'hold',
  })
  const isBlocked = async () => (await at.service.get(id)).session.terms.login !== undefined
  await until(isBlocked, { ms: 5_000, what: () => 'the prompt of another client waits for the login' })
  expect((await editor.prompt(id, 'again')).error).toMatchObject({ code, data })
  expect(await at.service.queued(id as SessionId)).toHaveLength(1)
})
