// `/acp` on real sockets: who is let in (G 127 to 131), what the two transports promise (F-61 to F-70, E 102). A fake service behind it.

import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'

import { AcpEndpoint } from '../../src/api/acp/acp-endpoint.ts'
import { createHttpServer } from '../../src/api/listeners.ts'
import { Guard } from '../../src/api/guard/guard.ts'
import type { SessionId } from '../../src/base/ids.ts'
import { Facade } from '../../src/facade/facade.ts'
import { listenTestApi, TestGateway, TOKEN } from '../_support/test-api.ts'
import type { ListeningApi } from '../_support/test-api.ts'

let listening: ListeningApi
let base: string

beforeAll(async () => {
  listening = await listenTestApi()
  base = `http://127.0.0.1:${listening.port}/acp`
})
afterAll(() => listening[Symbol.asyncDispose]())

const BEARER = `Bearer ${TOKEN}`
const INITIALIZE = { jsonrpc: '2.0', id: 0, method: 'initialize', params: { protocolVersion: 1 } }

/** The status line and body of the answer to an upgrade. */
async function upgrade(
  headers: readonly string[],
  target = '/acp',
  port = listening.port,
): Promise<{ status: number; text: string }> {
  const socket = connect({ host: '127.0.0.1', port })
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
  const fixed = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', key]
  socket.write(`${[`GET ${target} HTTP/1.1`, ...headers, ...fixed].join('\r\n')}\r\n\r\n`)
  const [first] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  const text = first.toString()
  return { status: Number(text.split(' ')[1]), text }
}

const ours = (): string => `Host: 127.0.0.1:${listening.port}`

describe('who may upgrade', () => {
  test('127 nobody without the token in its header, and the answer tells nothing', async () => {
    const wrong = [
      '',
      'Authorization: Bearer wrong',
      'Authorization: Bearer ',
      `Authorization: Bearer ${TOKEN.slice(0, -1)}`,
      `Authorization: Basic ${TOKEN}`,
      `Cookie: token=${TOKEN}`,
      `Sec-WebSocket-Protocol: ${TOKEN}`,
    ]
    for (const header of wrong) {
      const { status, text } = await upgrade([ours(), ...(header === '' ? [] : [header])])
      expect([header, status, text.includes('UNAUTHORIZED'), text.includes(TOKEN)]).toEqual([header, 401, true, false])
    }
    expect((await upgrade([ours()], `/acp?token=${TOKEN}`)).status).toBe(401)
  })

  test('128 129 no other Host and no foreign Origin, also with the right token', async () => {
    const good = `Authorization: ${BEARER}`
    const strange = [
      ['Host: evil.example'],
      ['Host: 127.0.0.1:1'],
      [ours(), ours()],
      [ours(), 'Origin: https://evil.example'],
      [ours(), 'Origin: null'],
      [ours(), 'Origin: http://localhost:3000'],
      [ours(), 'Sec-Fetch-Site: cross-site'],
    ]
    for (const headers of strange) expect([headers, (await upgrade([...headers, good])).status]).toEqual([headers, 403])
    expect((await upgrade([ours(), good])).status).toBe(101)
  })

  test('130 POST takes JSON and nothing else; a preflight gets no CORS headers', async () => {
    const send = (type: string | undefined) =>
      fetch(base, {
        method: 'POST',
        body: JSON.stringify(INITIALIZE),
        headers: { authorization: BEARER, ...(type && { 'content-type': type }) },
      })
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', undefined])
      expect((await send(type)).status).toBe(415)
    const preflight = await fetch(base, { method: 'OPTIONS', headers: { origin: 'https://evil.example' } })
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([403, null])
  })

  test('131 many wrong tokens are slowed down, the right one is let in', async () => {
    await using own = await listenTestApi()
    const host = `Host: 127.0.0.1:${own.port}`
    const statuses: number[] = []
    for (let n = 0; n < 30; n++)
      statuses.push((await upgrade([host, `Authorization: Bearer wrong${n}`], '/acp', own.port)).status)
    expect([statuses[0], statuses.at(-1)]).toEqual([401, 429])
    expect((await upgrade([host, `Authorization: ${BEARER}`], '/acp', own.port)).status).toBe(101)
  })

  test('another path and another protocol are refused, and the connection id is in the answer', async () => {
    const good = [ours(), `Authorization: ${BEARER}`]
    expect((await upgrade(good, '/v1/sessions')).status).toBe(404)
    expect((await upgrade(good)).text).toMatch(/Acp-Connection-Id: [0-9a-f-]{36}/i)
  })
})

function open(port = listening.port): WebSocket {
  return new WebSocket(`ws://127.0.0.1:${port}/acp`, {
    headers: { authorization: BEARER },
    maxPayload: 1e8,
    perMessageDeflate: false,
    handshakeTimeout: 5_000,
    createConnection: () => connect({ host: '127.0.0.1', port }),
  })
}

async function opened(port?: number): Promise<WebSocket> {
  const socket = open(port)
  await once(socket, 'open')
  return socket
}

describe('WebSocket', () => {
  test('F-64 F-66 binary frames are ignored; a frame over the limit ends the connection with 1009', async () => {
    const socket = await opened()
    socket.send(Buffer.from(JSON.stringify(INITIALIZE)))
    socket.send(JSON.stringify({ ...INITIALIZE, id: 1 }))
    const [data] = (await once(socket, 'message')) as [Buffer]
    expect(JSON.parse(data.toString())).toMatchObject({ id: 1, result: { protocolVersion: 1 } })
    socket.send('x'.repeat(300_000))
    expect(((await once(socket, 'close')) as [number])[0]).toBe(1009)
  })

  test('133 a new token ends the connections of the old one; a gateway that stops says so and does not wait', async () => {
    await using own = await listenTestApi()
    const rotated = await opened(own.port)
    const closed = once(rotated, 'close') as Promise<[number]>
    own.gateway.rotate(TOKEN)
    expect((await closed)[0]).toBe(4001)
    const stopped = once(await opened(own.port), 'close') as Promise<[number]>
    const since = performance.now()
    await own.api.close()
    expect([(await stopped)[0], performance.now() - since < 2_000]).toEqual([1012, true])
  })

  test('E 102 an editor that takes nothing is cut, and the session goes on', async () => {
    const gateway = new TestGateway()
    const { service } = gateway
    const ports = gateway.ports()
    const guard = new Guard({ port: 7433, names: ports.config, tokens: ports.tokens })
    const limits = { stallMs: 300, highBytes: 64 * 1024, bytesMax: 4 * 1024 * 1024 }
    const endpoint = new AcpEndpoint({
      facade: new Facade({ ...ports, mayBringCommands: () => false }),
      guard,
      logger: ports.logger,
      messageBytesMax: () => 1e6,
      limits,
    })
    const server = createHttpServer(() => {})
    endpoint.serve(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    guard.hosts.setPort(port)
    const { status } = await service.ensure({ agent: 'demo', cwd: '/work' })
    const { id } = status.session
    let raw: Socket | undefined
    const socket = new WebSocket(`ws://127.0.0.1:${port}/acp`, {
      headers: { authorization: BEARER },
      maxPayload: 1e8,
      perMessageDeflate: false,
      handshakeTimeout: 5_000,
      createConnection: () => (raw = connect({ host: '127.0.0.1', port })),
    })
    socket.on('error', () => {})
    await once(socket, 'open')
    socket.send(JSON.stringify(INITIALIZE))
    socket.send(
      JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'session/resume', params: { sessionId: id, cwd: '/work' } }),
    )
    await vi.waitFor(() => expect(service.subscriptions).toBe(1))
    raw?.pause()
    const closed = once(raw!, 'close')
    const since = performance.now()
    const text = 'x'.repeat(50_000)
    for (let n = 0; n < 400; n++)
      service.append(id, 'update', { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } })
    await vi.waitFor(() => expect(endpoint.connected).toBe(0), { timeout: 8_000 })
    expect(performance.now() - since).toBeLessThan(8_000)
    raw?.resume()
    await closed
    expect((await service.get(id)).session.lastSeq).toBeGreaterThan(400)
    await endpoint.close()
    await new Promise((resolve) => server.close(resolve))
  })
})

interface HttpConnection {
  readonly id: string
  post(message: object, session?: string): Promise<Response>
  stream(session?: string, more?: Record<string, string>): Promise<Response>
}

async function connectHttp(): Promise<HttpConnection> {
  const json = { authorization: BEARER, 'content-type': 'application/json' }
  const first = await fetch(base, { method: 'POST', headers: json, body: JSON.stringify(INITIALIZE) })
  expect([first.status, await first.json()]).toMatchObject([200, { id: 0, result: { protocolVersion: 1 } }])
  const id = first.headers.get('acp-connection-id') ?? ''
  const headers = (session?: string) => ({ 'acp-connection-id': id, ...(session && { 'acp-session-id': session }) })
  return {
    id,
    post: (message, session) =>
      fetch(base, { method: 'POST', headers: { ...json, ...headers(session) }, body: JSON.stringify(message) }),
    stream: (session, more = {}) =>
      fetch(base, { headers: { authorization: BEARER, accept: 'text/event-stream', ...headers(session), ...more } }),
  }
}

interface Frame {
  readonly id: number
  readonly data: { readonly id?: unknown; readonly method?: string; readonly result?: object; readonly params?: object }
}

/** Frames of an event stream until `count` have come; leaves it. */
async function frames(response: Response, count: number): Promise<Frame[]> {
  const found: Frame[] = []
  let text = ''
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += Buffer.from(chunk).toString()
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const match = /^id: (\d+)\ndata: (.*)$/.exec(text.slice(0, end))
      text = text.slice(end + 2)
      if (match !== null) found.push({ id: Number(match[1]), data: JSON.parse(match[2]!) as Frame['data'] })
    }
    if (found.length >= count) return found
  }
  return found
}

describe('Streamable HTTP', () => {
  const NEW = { jsonrpc: '2.0', id: 1, method: 'session/new', params: { cwd: '/work', mcpServers: [] } }

  test('F-61 F-62 statuses say what is wrong: 400, 404, 406, 409, and 202 for what is taken', async () => {
    const connection = await connectHttp()
    expect((await connection.post(NEW)).status).toBe(202)
    const stream = await connection.stream()
    expect([stream.status, (await connection.stream()).status]).toEqual([200, 409])
    const [created] = await frames(stream, 1)
    const session = (created!.data.result as { sessionId: string }).sessionId
    const headers = { authorization: BEARER }
    expect((await fetch(base, { headers: { ...headers, 'acp-connection-id': connection.id } })).status).toBe(406)
    expect((await fetch(base, { headers: { ...headers, accept: 'text/event-stream' } })).status).toBe(400)
    const unknown = { ...headers, accept: 'text/event-stream', 'acp-connection-id': 'nobody' }
    expect((await fetch(base, { headers: unknown })).status).toBe(404)
    expect((await connection.stream('ses_00000000000000000000000000')).status).toBe(404)
    expect((await connection.post([NEW])).status).toBe(400)
    const json = { ...headers, 'content-type': 'application/json' }
    expect((await fetch(base, { method: 'POST', headers: json, body: JSON.stringify(NEW) })).status).toBe(400)
    const cancel = { jsonrpc: '2.0', method: 'session/cancel', params: { sessionId: session } }
    expect([
      (await connection.post(cancel)).status,
      (await connection.post(cancel, 'other')).status,
      (await connection.post(cancel, session)).status,
    ]).toEqual([400, 400, 202]) // F-63
  })

  test('Last-Event-ID goes on where a stream was cut: no gap, no double; an id that never was is 410', async () => {
    const connection = await connectHttp()
    await connection.post(NEW)
    const [created] = await frames(await connection.stream(), 1)
    const session = (created!.data.result as { sessionId: SessionId }).sessionId
    const { service } = listening.gateway
    const say = (n: number) =>
      service.append(session, 'update', {
        sessionUpdate: 'agent_message_chunk',
        content: { type: 'text', text: `${n}` },
      })
    const stream = connection.stream(session)
    for (let n = 1; n <= 5; n++) say(n)
    const before = await frames(await stream, 3)
    for (let n = 6; n <= 9; n++) say(n)
    const last = before.at(-1)!.id
    const after = await vi.waitFor(async () => {
      const again = await connection.stream(session, { 'last-event-id': `${last}` })
      expect(again.status).toBe(200)
      return frames(again, 9 - before.length)
    })
    const texts = [...before, ...after].map(
      ({ data }) => (data.params as { update: { content: { text: string } } }).update.content.text,
    )
    expect(texts).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9'])
    await vi.waitFor(async () =>
      expect((await connection.stream(session, { 'last-event-id': '999' })).status).toBe(410),
    )
  })

  test('F-70 DELETE ends the connection and its streams, not the session', async () => {
    const connection = await connectHttp()
    await connection.post(NEW)
    const stream = await connection.stream()
    const all = frames(stream, 99)
    const ended = await fetch(base, {
      method: 'DELETE',
      headers: { authorization: BEARER, 'acp-connection-id': connection.id },
    })
    const [created] = await all
    expect([ended.status, (await connection.post(NEW)).status]).toEqual([202, 404])
    const { sessionId } = created!.data.result as { sessionId: string }
    expect((await listening.gateway.service.get(sessionId)).session.state).toBe('open')
  })
})
