// The guard over every route: the rows of the fault battery (reliability 9.G) by number.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { HOST, TestGateway, TOKEN } from '../../../test/_support/test-api.ts'
import type { App } from '../routes/context.ts'

const ORIGIN = 'https://console.example.test'
const GOOD = { host: HOST, authorization: `Bearer ${TOKEN}` }
const JSON_TYPE = { 'content-type': 'application/json' }

interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly url: string
}

/** All routes that need the token. */
const ROUTES: readonly Call[] = [
  { method: 'POST', url: '/v1/sessions' },
  { method: 'GET', url: '/v1/sessions' },
  { method: 'GET', url: '/v1/sessions/k' },
  { method: 'DELETE', url: '/v1/sessions/k' },
  { method: 'POST', url: '/v1/sessions/k/close' },
  { method: 'POST', url: '/v1/sessions/k/resume' },
  { method: 'POST', url: '/v1/sessions/k/cancel' },
  { method: 'POST', url: '/v1/sessions/k/prompts' },
  { method: 'GET', url: '/v1/sessions/k/turns' },
  { method: 'GET', url: '/v1/sessions/k/turns/t' },
  { method: 'GET', url: '/v1/sessions/k/events' },
  { method: 'GET', url: '/v1/permissions' },
  { method: 'POST', url: '/v1/permissions/p' },
  { method: 'GET', url: '/v1/agents' },
  { method: 'GET', url: '/v1/status' },
  { method: 'POST', url: '/v1/gateway/stop' },
  { method: 'GET', url: '/openapi.json' },
  { method: 'GET', url: '/no/such/path' },
]

let gateway: TestGateway
let app: App

beforeEach(() => {
  gateway = new TestGateway()
  app = gateway.app({ allowedOrigins: [ORIGIN], allowedHosts: ['agents.example.test'] })
})

async function answer(call: Call, headers: Record<string, string>, body?: string) {
  const type = call.method === 'POST' ? JSON_TYPE : {}
  const response = await app.inject({
    ...call,
    headers: { ...type, ...headers },
    ...(body === undefined ? {} : { body }),
  })
  const { error } = response.json<{ error?: { code: string; details: object } }>()
  return { status: response.statusCode, code: error?.code, details: error?.details, response }
}

describe('127: without the token nothing answers', () => {
  const WRONG: readonly [string, Record<string, string>][] = [
    ['no token', {}],
    ['a wrong token', { authorization: 'Bearer wrong' }],
    ['an empty header', { authorization: '' }],
    ['an empty token', { authorization: 'Bearer ' }],
    ['a prefix of the token', { authorization: `Bearer ${TOKEN.slice(0, -1)}` }],
    ['the token and more', { authorization: `Bearer ${TOKEN}x` }],
    ['another scheme', { authorization: `Basic ${TOKEN}` }],
    ['the token without a scheme', { authorization: TOKEN }],
    ['two tokens in one header', { authorization: `Bearer ${TOKEN}, Bearer ${TOKEN}` }],
    ['a cookie', { cookie: `token=${TOKEN}; authorization=Bearer ${TOKEN}` }],
    ['another header', { 'x-api-key': TOKEN, 'proxy-authorization': `Bearer ${TOKEN}` }],
  ]

  test.each(WRONG)('%s is refused on every route, with a body that tells nothing', async (_, headers) => {
    for (const route of ROUTES) {
      gateway = new TestGateway()
      app = gateway.app()
      const { status, code, details, response } = await answer(route, { host: HOST, ...headers })
      expect([route.url, status, code, details]).toEqual([route.url, 401, 'UNAUTHORIZED', {}])
      expect(response.body).not.toContain(TOKEN)
    }
  })

  test('the token in the query is refused', async () => {
    for (const name of ['token', 'access_token', 'authorization']) {
      const { code } = await answer({ method: 'GET', url: `/v1/status?${name}=${TOKEN}` }, { host: HOST })
      expect(code).toBe('UNAUTHORIZED')
    }
  })

  test('while the gateway has no valid token, the one that was valid is refused', async () => {
    gateway.rotate(undefined)
    expect((await answer({ method: 'GET', url: '/v1/status' }, GOOD)).code).toBe('UNAUTHORIZED')
  })

  test('a rotated token is dead at the next request', async () => {
    expect((await answer({ method: 'GET', url: '/v1/status' }, GOOD)).status).toBe(200)
    gateway.rotate('another-token')
    expect((await answer({ method: 'GET', url: '/v1/status' }, GOOD)).code).toBe('UNAUTHORIZED')
  })

  test('only health answers without a token, and says nothing but yes or no', async () => {
    for (const url of ['/livez', '/readyz']) {
      const response = await app.inject({ url, headers: { host: HOST } })
      expect([response.statusCode, response.json()]).toEqual([200, { ok: true }])
    }
    gateway.phase = 'draining'
    expect((await app.inject({ url: '/readyz', headers: { host: HOST } })).statusCode).toBe(503)
    expect((await app.inject({ url: '/livez', headers: { host: HOST } })).statusCode).toBe(200)
    expect((await answer({ method: 'GET', url: '/livez/../v1/status' }, { host: HOST })).code).toBe('UNAUTHORIZED')
  })
})

describe('128: a Host that is not ours is refused before the token is looked at', () => {
  const STRANGE = [
    'evil.example',
    'evil.example:7433',
    '127.0.0.1',
    'localhost',
    '127.0.0.1:80',
    '127.0.0.1:7434',
    '127.0.0.1:07433',
    '127.0.0.1.evil.example:7433',
    '127.0.0.2:7433',
    '0.0.0.0:7433',
    'localhost.evil.example:7433',
    'localhost.:7433',
    'evil@localhost:7433',
    '[::ffff:127.0.0.1]:7433',
    'agents.example.test:7433',
    '',
  ]

  test.each(STRANGE)('%j', async (host) => {
    for (const headers of [{ host }, { host, authorization: `Bearer ${TOKEN}` }]) {
      expect((await answer({ method: 'GET', url: '/v1/status' }, headers)).code).toBe('FORBIDDEN_HOST')
      expect((await answer({ method: 'GET', url: '/livez' }, headers)).code).toBe('FORBIDDEN_HOST')
    }
  })

  test.each([HOST, 'localhost:7433', '[::1]:7433', 'agents.example.test'])('%s is ours', async (host) => {
    expect((await answer({ method: 'GET', url: '/v1/status' }, { ...GOOD, host })).status).toBe(200)
  })

  test('a forwarded host makes no stranger ours', async () => {
    const forwarded = { 'x-forwarded-host': HOST, forwarded: `host=${HOST}` }
    const { code } = await answer({ method: 'GET', url: '/v1/status' }, { ...GOOD, host: 'evil.example', ...forwarded })
    expect(code).toBe('FORBIDDEN_HOST')
  })
})

describe('129: a foreign page is refused even with the token', () => {
  const STRANGE = [
    'https://evil.example',
    'null',
    'http://localhost:3000',
    'http://127.0.0.1:7433',
    'https://console.example.test.evil.example',
    'https://console.example.test:8443',
    'http://console.example.test',
    'https://CONSOLE.example.test',
    '',
  ]

  test.each(STRANGE)('Origin %j', async (origin) => {
    for (const route of ROUTES) {
      expect((await answer(route, { ...GOOD, origin })).code).toBe('FORBIDDEN_ORIGIN')
    }
  })

  test('the configured origin is let in, and gets no permission to read from elsewhere', async () => {
    const { status, response } = await answer({ method: 'GET', url: '/v1/status' }, { ...GOOD, origin: ORIGIN })
    expect(status).toBe(200)
    expect(Object.keys(response.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
  })

  test.each([
    ['cross-site', undefined, 'FORBIDDEN_ORIGIN'],
    ['cross-site', ORIGIN, 'FORBIDDEN_ORIGIN'],
    ['same-site', undefined, 'FORBIDDEN_ORIGIN'],
    ['same-site', ORIGIN, undefined],
    ['same-origin', undefined, undefined],
    ['none', undefined, undefined],
  ])('fetch metadata %s with origin %s gives %s', async (site, origin, code) => {
    const headers = { ...GOOD, 'sec-fetch-site': site, ...(origin === undefined ? {} : { origin }) }
    expect((await answer({ method: 'GET', url: '/v1/status' }, headers)).code).toBe(code)
  })
})

describe('130: only JSON changes anything', () => {
  const create = JSON.stringify({ agent: 'demo', cwd: '/work' })

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=utf-16',
    'application/jsonp',
    'text/plain; application/json',
    'application/json, text/plain',
    '',
  ])('a body of type %j is refused and has no effect', async (type) => {
    const { status, code } = await answer(
      { method: 'POST', url: '/v1/sessions' },
      { ...GOOD, 'content-type': type },
      create,
    )
    expect([status, code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE'])
    expect(await gateway.service.list({}, { limit: 1 })).toEqual([])
  })

  test('a POST without a type is refused, also without a body', async () => {
    for (const url of ['/v1/sessions', '/v1/gateway/stop']) {
      const response = await app.inject({ method: 'POST', url, headers: GOOD })
      expect(response.statusCode).toBe(415)
    }
    expect(gateway.stops).toEqual([])
  })

  test.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"'])(
    '%s is JSON',
    async (type) => {
      const headers = { ...GOOD, 'content-type': type }
      expect((await answer({ method: 'POST', url: '/v1/sessions' }, headers, create)).status).toBe(201)
    },
  )

  test('a GET or a method override changes nothing', async () => {
    const { status } = await gateway.service.ensure({ agent: 'demo', cwd: '/work', key: 'k' })
    const override = { 'x-http-method-override': 'DELETE', 'x-method-override': 'DELETE' }
    for (const url of ['/v1/sessions/k?_method=DELETE', '/v1/sessions/k']) {
      expect((await answer({ method: 'GET', url }, { ...GOOD, ...override })).status).toBe(200)
    }
    for (const url of ['/v1/sessions/k/close', '/v1/sessions/k/cancel', '/v1/gateway/stop']) {
      expect((await answer({ method: 'GET', url }, GOOD)).status).toBe(404)
    }
    expect((await gateway.service.get('k')).session.state).toBe(status.session.state)
    expect(gateway.stops).toEqual([])
  })

  test('a preflight is answered with no permission', async () => {
    for (const origin of [ORIGIN, 'https://evil.example']) {
      const response = await app.inject({
        method: 'OPTIONS',
        url: '/v1/sessions',
        headers: { host: HOST, origin, 'access-control-request-method': 'POST' },
      })
      expect(response.statusCode).toBeGreaterThanOrEqual(401)
      expect(Object.keys(response.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
    }
  })
})

describe('131: whoever guesses is slowed down', () => {
  const status: Call = { method: 'GET', url: '/v1/status' }

  test('of 30 bad tokens the first ten are 401, the rest 429, and the good token is served at once', async () => {
    const codes: (string | undefined)[] = []
    for (let i = 0; i < 30; i++) {
      const headers = { host: HOST, authorization: `Bearer guess-${i}`, 'x-forwarded-for': `10.0.0.${i}` }
      codes.push((await answer(status, headers)).code)
    }
    expect(codes.filter((code) => code === 'UNAUTHORIZED')).toHaveLength(10)
    expect(codes.slice(10)).toEqual(Array(20).fill('TOO_MANY_FAILURES'))
    expect((await answer(status, GOOD)).status).toBe(200)
  })

  test('a 429 says when to come back', async () => {
    for (let i = 0; i < 10; i++) await answer(status, { host: HOST, authorization: 'Bearer guess' })
    const { response } = await answer(status, { host: HOST, authorization: 'Bearer guess' })
    const { retry_after_ms: retryAfterMs } = response.json<{ error: { retry_after_ms: number } }>().error
    expect(retryAfterMs).toBeGreaterThan(5_000)
    expect(response.headers['retry-after']).toBe(String(Math.ceil(retryAfterMs / 1000)))
  })

  test('requests without any token are not counted as guesses', async () => {
    for (let i = 0; i < 40; i++) await answer(status, { host: HOST })
    expect((await answer(status, { host: HOST, authorization: 'Bearer guess' })).code).toBe('UNAUTHORIZED')
  })
})

describe('targets that are no path', () => {
  let strict: App
  beforeAll(() => void (strict = new TestGateway().app()))
  afterAll(() => strict.close())

  test.each(['/v1/sessions/%zz', '/v1/sessions/%', `/v1/sessions/${'x'.repeat(600)}`])('%s', async (url) => {
    const response = await strict.inject({ url, headers: GOOD })
    expect(response.statusCode).toBe(400)
    expect(response.json<{ error: { code: string } }>().error.code).toBe('BAD_REQUEST')
  })
})
