// The client over a transport that the test holds in its hands.

import { describe, expect, test } from 'vitest'

import { HoldfastClient } from './client.ts'
import type { Transport, TransportRequest, TransportResponse } from './transport.ts'

function answering(status: number, text: string): { client: HoldfastClient; sent: TransportRequest[] } {
  const sent: TransportRequest[] = []
  const send = (request: TransportRequest): Promise<TransportResponse> => {
    sent.push(request)
    return Promise.resolve({
      status,
      header: () => undefined,
      text: () => Promise.resolve(text),
      chunks: () => [] as never,
    })
  }
  return { client: clientOf({ address: 'test', send }), sent }
}

function clientOf(transport: Transport, timeoutMs?: number): HoldfastClient {
  return new HoldfastClient({
    transport,
    token: () => Promise.resolve('tok'),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  })
}

test('each method asks its route, with the token, and escapes what the caller gives', async () => {
  const { client, sent } = answering(200, '{}')
  await client.createSession({ agent: 'a', cwd: '/' })
  await client.listSessions({ state: 'open', limit: 5, cursor: 'a+b' })
  await client.getSession('a/b?c')
  await client.prompt('k', { prompt: 'x' })
  await client.listTurns('k', { limit: 1 })
  await client.getTurn('k', 't/1')
  await client.waitTurn('k', 't', 5)
  await client.cancel('k')
  await client.cancel('k', 't')
  await client.resume('k', 'retry')
  await client.closeSession('k')
  await client.listEvents('k', { after: 3 })
  await client.listPermissions({ state: 'open' })
  await client.answerPermission('p', { option_id: 'o' })
  await client.listAgents()
  await client.status()
  await client.stopGateway({ now: true })
  await client.openApi()
  expect(sent.map(({ method, path, body }) => [method, path, ...(body === undefined ? [] : [body])].join(' '))).toEqual(
    [
      'POST /v1/sessions {"agent":"a","cwd":"/"}',
      'GET /v1/sessions?state=open&limit=5&cursor=a%2Bb',
      'GET /v1/sessions/a%2Fb%3Fc',
      'POST /v1/sessions/k/prompts {"prompt":"x"}',
      'GET /v1/sessions/k/turns?limit=1',
      'GET /v1/sessions/k/turns/t%2F1',
      'GET /v1/sessions/k/turns/t?wait_ms=5',
      'POST /v1/sessions/k/cancel {}',
      'POST /v1/sessions/k/cancel {"turn_id":"t"}',
      'POST /v1/sessions/k/resume {"action":"retry"}',
      'POST /v1/sessions/k/close {}',
      'GET /v1/sessions/k/events?after=3',
      'GET /v1/permissions?state=open',
      'POST /v1/permissions/p {"option_id":"o"}',
      'GET /v1/agents',
      'GET /v1/status',
      'POST /v1/gateway/stop {"now":true}',
      'GET /openapi.json',
    ],
  )
  for (const { headers, body } of sent) {
    expect(headers['authorization']).toBe('Bearer tok')
    expect(headers['content-type']).toBe(body === undefined ? undefined : 'application/json')
  }
})

describe('what went wrong is a typed error', () => {
  const full = {
    code: 'QUEUE_FULL',
    message: 'full',
    details: { depthMax: 3 },
    retryable: true,
    retry_after_ms: 2000,
    request_id: 'r',
  }

  test.each([
    [
      429,
      JSON.stringify({ error: full }),
      {
        status: 429,
        code: 'QUEUE_FULL',
        message: 'full',
        details: { depthMax: 3 },
        retryable: true,
        retryAfterMs: 2000,
        requestId: 'r',
      },
    ],
    [
      418,
      JSON.stringify({ error: { ...full, code: 'TEAPOT' } }),
      { status: 418, code: 'INTERNAL', details: { depthMax: 3, code: 'TEAPOT' } },
    ],
    [502, '<html>a proxy</html>', { status: 502, code: 'INTERNAL', message: 'the gateway answered 502' }],
    [500, '{"error":"text"}', { status: 500, code: 'INTERNAL' }],
    [200, 'not json', { status: 200, code: 'INTERNAL' }],
  ])('%i %s', async (status, text, expected) => {
    await expect(answering(status, text).client.status()).rejects.toMatchObject(expected)
  })

  test('no answer is GATEWAY_UNREACHABLE and names the address', async () => {
    const cause = new TypeError('refused')
    const client = clientOf({ address: '/run/x.sock', send: () => Promise.reject(cause) })
    await expect(client.status()).rejects.toMatchObject({
      code: 'GATEWAY_UNREACHABLE',
      details: { address: '/run/x.sock' },
      cause,
    })
  })

  test('an answer that does not come is DEADLINE, one that is not wanted any more CANCELLED', async () => {
    const client = clientOf({ address: 'test', send: ({ signal }) => untilAborted(signal) }, 20)
    await expect(client.status()).rejects.toMatchObject({
      code: 'DEADLINE',
      details: { ms: 20, stage: 'GET /v1/status' },
    })
    const abort = new AbortController()
    const asked = client.status({ signal: abort.signal, timeoutMs: 60_000 })
    abort.abort()
    await expect(asked).rejects.toMatchObject({ code: 'CANCELLED' })
    await expect(client.status({ signal: abort.signal })).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})

test('ready is a question that never rejects', async () => {
  expect(await answering(200, '{}').client.isReady()).toBe(true)
  expect(await answering(503, '{}').client.isReady()).toBe(false)
  expect(await clientOf({ address: 'x', send: () => Promise.reject(new Error('no')) }).isReady()).toBe(false)
  expect(await clientOf({ address: 'x', send: ({ signal }) => untilAborted(signal) }).isReady({ timeoutMs: 10 })).toBe(
    false,
  )
})

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
  )
}
