// The routes of the gateway itself: what it is and does, and how it is asked to end.

import { beforeEach, expect, test } from 'vitest'

import { HOST, TestGateway, TOKEN } from '../../../test/_support/test-api.ts'
import type { App } from './context.ts'

let gateway: TestGateway
let app: App

beforeEach(() => {
  gateway = new TestGateway()
  app = gateway.app()
})

async function call(method: 'GET' | 'POST', url: string, body?: object) {
  const response = await app.inject({
    method,
    url,
    headers: { host: HOST, authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return { status: response.statusCode, body: response.json(), text: response.body }
}

test('agents are named with their program, never with arguments or environment', async () => {
  const { body, text } = await call('GET', '/v1/agents')
  const known = { name: 'demo', title: 'Demo', command: 'demo-agent', host: null, source: 'config', chosen: true }
  const seen = {
    installed: 'unknown',
    version: null,
    login: 'unknown',
    login_help: null,
    homepage: null,
    protocol: '1',
  }
  expect(body).toEqual({ agents: [{ ...known, ...seen }] })
  expect(text).not.toContain('sk-secret')
})

test('a login that sessions wait for is told of, and that somebody has logged in is passed on', async () => {
  gateway.loginsNeeded = [{ agent: 'demo', sessions: 2, isElsewhere: false }]
  expect((await call('GET', '/v1/agents')).body).toMatchObject({ agents: [{ name: 'demo', login: 'no' }] })
  const needed = [{ agent: 'demo', sessions: 2, elsewhere: false }]
  expect((await call('GET', '/v1/status')).body).toMatchObject({ logins_needed: needed })
  const told = await call('POST', '/v1/agents/demo/login', { logged_in: true })
  expect(told).toMatchObject({ status: 200, body: { agent: 'demo', retired: 1, resumed: ['ses_1'] } })
  const wrong = await call('POST', '/v1/agents/demo/login', { logged_in: true, command: 'rm' })
  expect([wrong.status, gateway.loginsTold]).toEqual([400, [{ agent: 'demo', isLoggedIn: true }]])
})

test('the status is told', async () => {
  const { body } = await call('GET', '/v1/status')
  expect(body).toMatchObject({
    version: '1.2.3',
    state: 'ready',
    epoch: 7,
    tagging: 'prlimit',
    turns: { queued: 2, active: 1 },
  })
})

test('a stop is passed on once it is answered with the state', async () => {
  const { status, body } = await call('POST', '/v1/gateway/stop', { now: true, drain_ms: 5 })
  expect([status, body, gateway.stops]).toEqual([
    202,
    { state: 'draining', pid: 1234 },
    [{ now: true, drainMs: 5, keepAgents: false }],
  ])
})

test('a restart is passed on with its reason, and the answer says which way it goes', async () => {
  const { status, body } = await call('POST', '/v1/gateway/restart', { reason: 'new version' })
  expect([status, body]).toEqual([202, { outcome: 'accepted', way: 'in-process', pid: 1234, epoch: 7 }])
  await call('POST', '/v1/gateway/restart', {})
  expect(gateway.restarts).toEqual(['new version', 'asked over the API'])
  expect((await call('POST', '/v1/gateway/restart', { reason: 'x'.repeat(201) })).status).toBe(400)
})

test('agents are left to the next gateway only where something holds them', async () => {
  const { status, body } = await call('POST', '/v1/gateway/stop', { keep_agents: true })
  expect([status, body.error.code, gateway.stops]).toEqual([400, 'BAD_REQUEST', []])
})

test('the description names every route and asks for the token', async () => {
  const { body } = await call('GET', '/openapi.json')
  expect(Object.keys(body.paths)).toHaveLength(39)
  expect(body.security).toEqual([{ token: [] }])
  expect(body.paths['/livez'].get.security).toEqual([])
  expect(body.paths['/v1/sessions/{session}/prompts'].post.requestBody.content).toHaveProperty('application/json')
})
