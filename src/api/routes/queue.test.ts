// The routes of a session's queue, and what a prompt may ask for besides its text.

import { beforeEach, expect, test } from 'vitest'

import { HOST, TestGateway, TOKEN } from '../../../test/_support/test-api.ts'
import type { QueueView } from '../../wire/turn.ts'
import type { App } from './context.ts'

let gateway: TestGateway
let app: App
const turns: string[] = []

beforeEach(async () => {
  gateway = new TestGateway()
  app = gateway.app()
  turns.length = 0
  await call('POST', '/v1/sessions', { agent: 'demo', cwd: '/work', key: 'k' })
  for (const text of ['runs', 'one', 'two', 'three']) {
    const { body } = await call('POST', '/v1/sessions/k/prompts', { prompt: text })
    turns.push(body.turn.id)
  }
})

async function call(method: 'GET' | 'POST' | 'PATCH', url: string, body?: object) {
  const headers = { host: HOST, authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }
  const response = await app.inject({ method, url, headers, ...(body !== undefined && { body: JSON.stringify(body) }) })
  return { status: response.statusCode, body: response.json() }
}

const edit = (turn: number, body: object) => call('PATCH', `/v1/sessions/k/turns/${turns[turn]}`, body)

async function queue(): Promise<(string | undefined)[]> {
  const { queued } = (await call('GET', '/v1/sessions/k/queue')).body as QueueView
  expect(queued.map(({ position }) => position)).toEqual(queued.map((_, index) => index))
  return queued.map(({ turn }) => turn.prompt[0]?.['text'] as string)
}

test('the queue is listed in its order; a prompt moves to a position or in front of another', async () => {
  expect(await queue()).toEqual(['one', 'two', 'three'])
  expect((await edit(3, { position: 0 })).status).toBe(200)
  expect(await queue()).toEqual(['three', 'one', 'two'])
  await edit(2, { before: turns[1] })
  expect(await queue()).toEqual(['three', 'two', 'one'])
})

test('an edit changes text and expiry, and null takes the expiry away', async () => {
  const expiresAt = '2999-01-01T00:00:00.000Z'
  const { body } = await edit(1, { prompt: 'other', expires_at: expiresAt })
  expect(body).toMatchObject({ prompt: [{ type: 'text', text: 'other' }], expires_at: expiresAt, n: 2 })
  expect((await edit(1, { expires_at: null })).body.expires_at).toBeNull()
})

test.each([
  [{}, 400, 'BAD_REQUEST'],
  [{ position: 0, before: 'turn_x' }, 400, 'BAD_REQUEST'],
  [{ expires_at: '2020-13-45T00:00:00Z' }, 400, 'BAD_REQUEST'],
  [{ prompt: '' }, 422, 'PROMPT_EMPTY'],
])('an edit %o is refused with %i %s', async (body, status, code) => {
  const refused = await edit(1, body)
  expect([refused.status, refused.body.error.code]).toEqual([status, code])
})

test('a turn that runs, and one that does not exist, cannot be changed', async () => {
  const running = await edit(0, { prompt: 'late' })
  expect([running.status, running.body.error.code]).toEqual([409, 'TURN_NOT_QUEUED'])
  const none = await call('PATCH', '/v1/sessions/k/turns/turn_none', { prompt: 'late' })
  expect([none.status, none.body.error.code]).toEqual([404, 'TURN_NOT_FOUND'])
})

test('a prompt says its lane and its deadline; an unknown lane and a deadline of nothing are refused', async () => {
  const asked = { prompt: 'x', lane: 'background', deadline_ms: 5_000 }
  const { body } = await call('POST', '/v1/sessions/k/prompts', asked)
  expect(body.turn).toMatchObject({ lane: 'background', deadline_ms: 5_000 })
  for (const bad of [{ lane: 'fast' }, { deadline_ms: 0 }, { when_busy: 'now' }]) {
    const refused = await call('POST', '/v1/sessions/k/prompts', { prompt: 'x', ...bad })
    expect([refused.status, refused.body.error.code]).toEqual([400, 'BAD_REQUEST'])
  }
})

test('a prompt that may not wait is refused with 409 SESSION_BUSY and when to come again', async () => {
  const { status, body } = await call('POST', '/v1/sessions/k/prompts', { prompt: 'x', when_busy: 'reject' })
  expect([status, body.error.code, body.error.retryable]).toEqual([409, 'SESSION_BUSY', true])
  expect(body.error.retry_after_ms).toBeGreaterThan(0)
})
