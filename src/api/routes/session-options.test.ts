// Options, continuity and reset over HTTP: what is shown, what is refused and how that is said.

import { beforeEach, expect, test } from 'vitest'

import { HOST, TestGateway, TOKEN } from '../../../test/_support/test-api.ts'
import type { SessionId, TurnId } from '../../base/ids.ts'
import type { ErrorBody } from '../../wire/error.ts'
import type { SessionDetail } from '../../wire/session.ts'
import type { App } from './context.ts'

let gateway: TestGateway
let app: App
let id: SessionId

beforeEach(async () => {
  gateway = new TestGateway()
  app = gateway.app()
  id = (await gateway.service.ensure({ agent: 'demo', cwd: '/work', key: 'k' })).status.session.id
})

async function call<T>(method: 'GET' | 'PATCH' | 'POST', url: string, body?: object): Promise<[number, T]> {
  const headers = { host: HOST, authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }
  const payload = body === undefined ? {} : { body: JSON.stringify(body) }
  const response = await app.inject({ method, url, headers, ...payload })
  return [response.statusCode, response.json()]
}

test('options and continuity are changed, shown with every field, and cleared by null', async () => {
  const options = { mode: 'code', effort: 'high', config: { fast: true }, timeout: 90 }
  const [status, changed] = await call<SessionDetail>('PATCH', '/v1/sessions/k', { options, continuity: 'ask' })
  expect([status, changed.continuity, changed.controls]).toEqual([200, 'ask', null])
  const shown = { mode: 'code', model: null, thinking: 'high', config: { fast: true }, turn_timeout_seconds: 90 }
  expect(changed.options).toEqual(shown)
  const [, cleared] = await call<SessionDetail>('PATCH', '/v1/sessions/k', { options: { mode: null, config: null } })
  expect(cleared.options).toEqual({ ...shown, mode: null, config: {} })
})

test.each([
  [{ options: { thinkng: 'high' } }, 'OPTION_UNKNOWN', { option: 'thinkng', suggestion: 'thinking' }],
  [{ options: { turn_timeout_seconds: 0 } }, 'OPTION_INVALID', { option: 'turn_timeout_seconds' }],
  [{ options: { config: { 'no spaces': 'x' } } }, 'OPTION_INVALID', { option: 'config.no spaces' }],
  [{ options: 'mode=code' }, 'BAD_REQUEST', {}],
  [{ continuity: 'never' }, 'BAD_REQUEST', {}],
])('%j is refused with 400 %s', async (body, code, details) => {
  const [status, { error }] = await call<ErrorBody>('PATCH', '/v1/sessions/k', body)
  expect([status, error.code]).toEqual([400, code])
  expect(error.details).toMatchObject(details)
})

test('a session is made with its options; a misspelt one makes none', async () => {
  const misspelt = { agent: 'demo', cwd: '/work', key: 'new', options: { moddel: 'x' } }
  const [refused, { error }] = await call<ErrorBody>('POST', '/v1/sessions', misspelt)
  expect([refused, error.details]).toMatchObject([400, { suggestion: 'model' }])
  const body = { agent: 'demo', cwd: '/work', key: 'new', continuity: 'fresh', options: { model: 'x' } }
  const [status, { session }] = await call<{ session: SessionDetail }>('POST', '/v1/sessions', body)
  expect([status, session.continuity, session.agent_session_state]).toEqual([201, 'fresh', 'pending'])
  expect(session.options.model).toBe('x')
})

test('a reset while a turn runs is refused with 409, unless it may force', async () => {
  const { turn } = await gateway.service.prompt(id, { prompt: [{ type: 'text', text: 'hi' }] })
  const [status, { error }] = await call<ErrorBody>('POST', '/v1/sessions/k/reset', { what: 'options' })
  expect([status, error.code, error.details['turn']]).toEqual([409, 'SESSION_BUSY', turn.id satisfies TurnId])
  const [forced, done] = await call('POST', '/v1/sessions/k/reset', { what: 'options', force: true })
  expect([forced, done]).toMatchObject([200, { stopped: null, cleared: [] }])
})

test('a lost conversation is shown with what can be decided about it', async () => {
  gateway.service.block(id, 'turn_1' as TurnId, true)
  const [, lost] = await call<SessionDetail>('GET', '/v1/sessions/k')
  const actions = ['fresh', 'retry', 'discard']
  expect(lost).toMatchObject({ blocked_by: 'turn_1', blocked: { reason: 'conversation_lost', actions } })
  gateway.service.block(id, 'turn_1' as TurnId, false)
  const [, interrupted] = await call<SessionDetail>('GET', '/v1/sessions/k')
  expect(interrupted.blocked).toMatchObject({ reason: 'interrupted', actions: ['continue', 'retry', 'discard'] })
})

test.each([
  [false, (agent: string) => `holdfast agents login ${agent}`],
  [true, () => `holdfast resume ${id} --action retry`],
])(
  'a login that is needed is shown with its reason, its ways and what a person types; elsewhere: %s',
  async (isElsewhere, command) => {
    const methods = [{ id: 'tty', name: 'Terminal', kind: 'terminal' }] as const
    gateway.service.block(id, 'turn_1' as TurnId, false, { methods, reason: 'no key', isElsewhere })
    const [, blocked] = await call<SessionDetail>('GET', '/v1/sessions/k')
    expect(blocked.blocked).toEqual({
      turn_id: 'turn_1',
      reason: 'login_required',
      actions: ['retry', 'discard'],
      login: {
        agent: blocked.agent,
        methods,
        reason: 'no key',
        elsewhere: isElsewhere,
        command: command(blocked.agent),
      },
    })
  },
)
