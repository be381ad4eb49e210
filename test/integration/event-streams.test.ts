// Event streams over real sockets: resume after any cut, slow readers, limits, and the last frame.

import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'

import type { SessionId } from '../../src/base/ids.ts'
import { HoldfastClient } from '../../src/client/client.ts'
import { createFetchTransport } from '../../src/client/fetch-transport.ts'
import { SseParser } from '../../src/client/sse-parser.ts'
import type { SseFrame } from '../../src/client/sse-parser.ts'
import type { Transport } from '../../src/client/transport.ts'
import { listenTestApi, TestGateway, TOKEN } from '../_support/test-api.ts'
import type { ListeningApi } from '../_support/test-api.ts'
import { seededRandom } from '../model/random.ts'

const AUTHORIZATION = { authorization: `Bearer ${TOKEN}` }
const LIMITS = { perSessionMax: 32, totalMax: 256, stallMs: 30_000, heartbeatMs: 10_000 }

async function makeSession({ gateway }: ListeningApi, key = 'k'): Promise<SessionId> {
  return (await gateway.service.ensure({ agent: 'demo', cwd: '/work', key })).status.session.id
}

function openStream(port: number, path: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const all = { accept: 'text/event-stream', ...AUTHORIZATION, ...headers }
    request({ host: '127.0.0.1', port, path, headers: all, agent: false }, resolve).on('error', reject).end()
  })
}

async function until(isTrue: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  const end = Date.now() + ms
  while (!(await isTrue())) {
    if (Date.now() > end) throw new Error('it did not become true in time')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

async function readFrames(stream: IncomingMessage, isLast: (frame: SseFrame) => boolean): Promise<SseFrame[]> {
  const parser = new SseParser()
  const frames: SseFrame[] = []
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    frames.push(...parser.push(chunk))
    if (frames.some(isLast)) break
  }
  return frames
}

test('104: a client that is cut at random 100 times and resumes with its cursor has the log, no gap and no double', async () => {
  await using listening = await listenTestApi()
  const { service } = listening.gateway
  const id = await makeSession(listening)
  const random = seededRandom(104)
  const writer = setInterval(() => {
    const count = 1 + random.int(4)
    const text = 'x'.repeat(random.int(3_000))
    service.appendAll(
      id,
      Array.from({ length: count }, () => ({ type: 'update' as const, data: JSON.stringify({ text }) })),
    )
  }, 2)
  const seen: string[] = []
  let cursor = 0
  for (let cut = 0; cut < 100 || cursor <= 200; cut++) {
    const byHeader = cut % 2 === 0
    const path = `/v1/sessions/k/events${byHeader ? '?after=0' : `?after=${cursor}`}`
    const stream = await openStream(listening.port, path, byHeader ? { 'last-event-id': String(cursor) } : {})
    const parser = new SseParser()
    let left = random.int(6_000)
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const frames = parser.push(chunk.subarray(0, left)).filter((frame) => frame.event !== 'hello')
      for (const frame of frames) {
        seen.push(frame.data)
        cursor = Number(frame.id)
      }
      left -= chunk.length
      if (left <= 0) break
    }
  }
  clearInterval(writer)
  const page = await fetch(`${listening.api.url()}/v1/sessions/k/events?limit=1000`, { headers: AUTHORIZATION })
  const { events } = (await page.json()) as { events: object[] }
  expect(seen.slice(0, events.length).map((data) => JSON.parse(data))).toEqual(events.slice(0, seen.length))
  expect(seen.map((data) => JSON.parse(data).seq)).toEqual(Array.from({ length: cursor }, (_, index) => index + 1))
}, 60_000)

test('the typed client reconnects by itself and gives each event once, until the session is closed', async () => {
  await using listening = await listenTestApi()
  const { service } = listening.gateway
  const id = await makeSession(listening)
  const random = seededRandom(7)
  const inner = createFetchTransport({ url: listening.api.url() ?? '' })
  let connections = 0
  const cutting: Transport = {
    address: inner.address,
    async send(sent) {
      connections += 1
      const response = await inner.send(sent)
      const bytesMax = connections > 8 ? Number.POSITIVE_INFINITY : random.int(4_000)
      return { ...response, chunks: () => cutAfter(response.chunks(), bytesMax) }
    },
  }
  const client = new HoldfastClient({ transport: cutting, token: () => TOKEN })
  for (let i = 0; i < 60; i++) service.append(id, 'update', { text: 'y'.repeat(random.int(900)) })
  const lost: number[] = []
  const seqs: number[] = []
  for await (const event of client.events('k', { onReconnect: (attempt) => lost.push(attempt) })) {
    seqs.push(event.seq)
    if (event.seq === 61) await service.close(id)
  }
  expect(seqs).toEqual(Array.from({ length: 62 }, (_, index) => index + 1))
  expect(lost.length).toBeGreaterThan(5)
}, 30_000)

async function* cutAfter(chunks: AsyncIterable<Uint8Array>, bytesMax: number): AsyncIterable<Uint8Array> {
  let left = bytesMax
  for await (const chunk of chunks) {
    if (chunk.length > left) {
      yield chunk.subarray(0, left)
      throw new TypeError('the connection was cut')
    }
    yield chunk
    left -= chunk.length
  }
}

test('the typed client rejects what a reconnect cannot help, and ends quietly when it is aborted', async () => {
  await using listening = await listenTestApi()
  await makeSession(listening)
  const transport = createFetchTransport({ url: listening.api.url() ?? '' })
  const client = new HoldfastClient({ transport, token: () => listening.gateway.token ?? 'none' })
  const firstOf = (key: string, after: number) => client.events(key, { after })[Symbol.asyncIterator]().next()
  await expect(firstOf('nope', 0)).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' })
  await expect(firstOf('k', 99)).rejects.toMatchObject({ code: 'CURSOR_AHEAD', status: 410 })
  const abort = new AbortController()
  const reader = client.events('k', { signal: abort.signal })[Symbol.asyncIterator]()
  expect((await reader.next()).value).toMatchObject({ seq: 1, type: 'session.created' })
  const next = reader.next()
  abort.abort()
  expect(await next).toEqual({ done: true, value: undefined })
  await until(async () => (await client.status()).streams_open === 0)
})

test('the first frame states session, head and oldest; heartbeats and headers keep proxies honest', async () => {
  await using listening = await listenTestApi(new TestGateway(), { streamLimits: { ...LIMITS, heartbeatMs: 20 } })
  const id = await makeSession(listening)
  const stream = await openStream(listening.port, '/v1/sessions/k/events?after=1')
  expect(stream.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  let text = ''
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    text += chunk.toString()
    if (text.includes(': \n\n')) break
  }
  expect(text).toMatch(/^retry: \d+\nevent: hello\n/)
  const [hello] = new SseParser().push(Buffer.from(text))
  expect(JSON.parse(hello?.data ?? '')).toEqual({ session_id: id, head: 1, oldest: 1 })
})

test('103: a reader that takes nothing is cut; the session and the other readers do not notice', async () => {
  await using listening = await listenTestApi(new TestGateway(), { streamLimits: { ...LIMITS, stallMs: 300 } })
  const { gateway, port } = listening
  const id = await makeSession(listening)
  const slow = await openStream(port, '/v1/sessions/k/events')
  slow.pause()
  const isCut = new Promise<void>((resolve) => slow.once('close', resolve).once('error', () => resolve()))
  const fast = readFrames(await openStream(port, '/v1/sessions/k/events'), (frame) => frame.id === '801')
  for (let i = 0; i < 800; i++) {
    gateway.service.append(id, 'update', { text: 'z'.repeat(64 * 1024) })
    if (i % 8 === 0) await new Promise(setImmediate)
  }
  expect((await fast).filter((frame) => frame.event !== 'hello')).toHaveLength(801)
  await until(async () => (await statusOf(listening)).streams_open === 0)
  slow.resume() // what is in the pipe comes out, then the cut
  await isCut
}, 30_000)

async function statusOf(listening: ListeningApi): Promise<{ streams_open: number }> {
  const response = await fetch(`${listening.api.url()}/v1/status`, { headers: AUTHORIZATION })
  return (await response.json()) as { streams_open: number }
}

test('one reader more than a session or the gateway takes is refused with 429, and let in when another leaves', async () => {
  const streamLimits = { ...LIMITS, perSessionMax: 2, totalMax: 3 }
  await using listening = await listenTestApi(new TestGateway(), { streamLimits })
  for (const key of ['a', 'b']) await makeSession(listening, key)
  const open = async (key: string) => openStream(listening.port, `/v1/sessions/${key}/events`)
  const [first] = [await open('a'), await open('a')]
  const third = await open('a')
  expect([third.statusCode, third.headers['retry-after']]).toEqual([429, '5'])
  expect((await open('b')).statusCode).toBe(200)
  expect((await open('b')).statusCode).toBe(429)
  first?.destroy()
  await until(async () => (await statusOf(listening)).streams_open === 2)
  expect((await open('a')).statusCode).toBe(200)
})

test.each([
  ['the session is closed', 'session_closed', ({ gateway }: ListeningApi, id: SessionId) => gateway.service.close(id)],
  ['the gateway stops', 'gateway_stopping', ({ api }: ListeningApi) => api.close()],
  ['the token is rotated', 'token_rotated', ({ gateway }: ListeningApi) => gateway.rotate('another-token')],
])('when %s, a stream ends with the last frame %s', async (_, reason, end) => {
  await using listening = await listenTestApi()
  const id = await makeSession(listening)
  const stream = await openStream(listening.port, '/v1/sessions/k/events')
  const frames = readFrames(stream, () => false)
  await until(async () => listening.gateway.token !== TOKEN || (await statusOf(listening)).streams_open === 1)
  await end(listening, id)
  const last = (await frames).at(-1)
  expect([last?.event, JSON.parse(last?.data ?? '')]).toEqual(['end', { reason }])
})

test('a gateway that ends says so in every stream, also in later ones, hands out every event, and says why and when to come back', async () => {
  await using listening = await listenTestApi()
  const { api, gateway, port } = listening
  const id = await makeSession(listening)
  const early = await openStream(port, '/v1/sessions/k/events')
  const isTold = Promise.withResolvers<void>()
  const read = readFrames(early, ({ event }) => (event === 'gateway' && isTold.resolve(), false))
  await until(async () => (await statusOf(listening)).streams_open === 1)
  api.leave({ reason: 'restart', until: Date.parse('2030-01-01T00:00:00Z') })
  await isTold.promise
  const late = readFrames(await openStream(port, '/v1/sessions/k/events'), () => false)
  gateway.phase = 'draining'
  const headers = { ...AUTHORIZATION, 'content-type': 'application/json' }
  const refused = await fetch(`${api.url()}/v1/sessions`, {
    method: 'POST',
    headers,
    body: '{"agent":"demo","cwd":"/work"}',
  })
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '60'])
  for (let i = 0; i < 100; i++) gateway.service.append(id, 'update', { i })
  await api.close()
  const told = {
    state: 'draining',
    reason: 'restart',
    until: '2030-01-01T00:00:00.000Z',
    reconnect_after_ms: expect.any(Number),
  }
  for (const frames of [await read, await late]) {
    const gatewayFrames = frames.filter(({ event }) => event === 'gateway')
    expect(gatewayFrames.map(({ data }) => JSON.parse(data))).toEqual([told])
    expect(frames.filter(({ id: seq }) => seq !== undefined)).toHaveLength(101)
    expect([frames.at(-1)?.event, JSON.parse(frames.at(-1)?.data ?? '')]).toEqual([
      'end',
      { reason: 'gateway_restarting' },
    ])
  }
  expect((await late)[1]?.event).toBe('gateway')
})

test('a stream of a session that is closed already replays and ends', async () => {
  await using listening = await listenTestApi()
  const id = await makeSession(listening)
  await listening.gateway.service.close(id)
  for (const after of [0, 2]) {
    const frames = await readFrames(
      await openStream(listening.port, `/v1/sessions/k/events?after=${after}`),
      () => false,
    )
    const events = after === 0 ? ['session.created', 'session.closed'] : []
    expect(frames.map((frame) => frame.event)).toEqual(['hello', ...events, 'end'])
  }
})
