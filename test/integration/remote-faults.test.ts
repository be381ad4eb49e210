// Servers of remote agents that go silent, hold messages back, cut streams, or take nothing: each has a bound and a word.

import { createServer as createTlsServer } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'

import { describe, expect, test, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'

import { listen, openRaw, startServer } from '../_support/remote-peer.ts'
import { SELF_SIGNED } from '../_support/self-signed.ts'

const WAIT = { timeout: 5_000, interval: 10 }
const INITIALIZE = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params: {} })
const HELLO = JSON.stringify({ jsonrpc: '2.0', id: 0, result: { protocolVersion: 1 } })
const STALLED = 'AGENT_DISCONNECTED: the other side does not take what is sent'
const about = (sessionId: string, more: object): string =>
  JSON.stringify({ jsonrpc: '2.0', params: { sessionId }, ...more })

async function startWebSocket(opened: (socket: WebSocket) => void, autoPong = true) {
  const peer = await startServer((_, response) => response.end())
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: 1e9,
    perMessageDeflate: false,
    autoPong,
  })
  peer.server.on('upgrade', (request, socket, head) => sockets.handleUpgrade(request, socket, head, opened))
  return { ...peer, url: `ws://127.0.0.1:${peer.port}/` }
}

/** Resolves when something was told and nothing more comes. */
async function standstill(told: readonly string[]): Promise<void> {
  let [last, calm] = [0, 0]
  await vi.waitFor(() => {
    calm = told.length === last ? calm + 1 : 0
    last = told.length
    expect([last > 0, calm > 20]).toEqual([true, true])
  }, WAIT)
}

describe('a WebSocket', () => {
  test('whose other side gives no sign of life is lost within two beats; one that answers pings stays', async () => {
    await using silent = await startWebSocket(() => {}, false)
    await using alive = await startWebSocket(() => {})
    const times = { beatMs: 40 }
    await using lost = await openRaw(silent.url, { times })
    await using kept = await openRaw(alive.url, { times })
    await vi.waitFor(() => expect(lost.told).toHaveLength(1), WAIT)
    expect(lost.told).toEqual(['AGENT_DISCONNECTED: it gives no sign of life any more'])
    expect(kept.told).toEqual([])
  })

  test('that takes nothing of what is sent is ended as stalled', async () => {
    await using peer = await startWebSocket((socket) => socket.pause(), false)
    await using remote = await openRaw(peer.url, { times: { beatMs: 40 } })
    remote.process.send('x'.repeat(20_000_000), 'frame')
    await vi.waitFor(() => expect(remote.told).toEqual([STALLED]), WAIT)
    expect(remote.process.wasWritten('frame')).toBe(true)
  })

  test('that floods a slow consumer fills the network, not the memory', async () => {
    let sender: WebSocket | undefined
    await using peer = await startWebSocket((socket) => (sender = socket))
    await using remote = await openRaw(peer.url, { isSlow: true })
    const message = JSON.stringify({ text: 'x'.repeat(10_000) })
    for (let n = 0; n < 5_000; n++) sender?.send(message)
    await standstill(remote.told)
    // A window of 1 MiB, and one read of the socket.
    expect(remote.told.length * message.length).toBeLessThan(2_000_000)
    expect(sender?.bufferedAmount).toBeGreaterThan(20_000_000)
  })

  test('that is closed says with what code and words, but for a credential, after everything that was said before', async () => {
    await using peer = await startWebSocket((socket) => {
      socket.send('one')
      socket.close(1012, 'bye\nBearer sk-abcdefghijklmnop0123456789')
    })
    await using remote = await openRaw(peer.url)
    await vi.waitFor(() => expect(remote.told).toHaveLength(2), WAIT)
    expect(remote.told).toEqual(['one', 'AGENT_DISCONNECTED: the other side closed it (1012: bye Bearer [redacted])'])
    remote.process.send('late', 'late')
    expect(remote.process.wasWritten('late')).toBe(false)
  })
})

/** A server of the HTTP transport in a few lines: `take` gets each message after `initialize`, `stream` each GET. */
interface HttpPeer extends AsyncDisposable {
  readonly url: string
  readonly requests: { method: string; headers: IncomingMessage['headers']; body: string }[]
}

interface HttpBehaviour {
  take?(message: { id?: unknown; method?: string }, response: ServerResponse): void
  stream?(request: IncomingMessage, response: ServerResponse): void
}

async function startHttp({ take, stream }: HttpBehaviour): Promise<HttpPeer> {
  const requests: HttpPeer['requests'] = []
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = ''
    for await (const chunk of request as AsyncIterable<Buffer>) body += chunk.toString()
    requests.push({ method: request.method ?? '', headers: request.headers, body })
    response.setHeader('set-cookie', ['lane=7; Path=/; HttpOnly', 'old=1; Max-Age=0'])
    if (body === INITIALIZE) response.writeHead(200, { 'acp-connection-id': 'c1' }).end(HELLO)
    else if (request.method === 'POST' && take !== undefined)
      take(JSON.parse(body) as { id?: unknown; method?: string }, response)
    else if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      stream?.(request, response)
    } else response.writeHead(202).end()
  }
  const peer = await startServer((request, response) => void answer(request, response))
  return { ...peer, url: `http://127.0.0.1:${peer.port}/acp`, requests }
}

describe('Streamable HTTP', () => {
  test('a message that the server holds back does not hold up a cancel or an answer', async () => {
    await using peer = await startHttp({
      take: (message, response) => void (message.method !== 'session/prompt' && response.writeHead(202).end()),
    })
    await using remote = await openRaw(peer.url, { times: { heldMs: 20 } })
    remote.process.send(INITIALIZE)
    remote.process.send(about('s', { id: 1, method: 'session/prompt' }), 'turn_1')
    remote.process.send(about('s', { method: 'session/cancel' }))
    await vi.waitFor(() => expect(peer.requests.at(-1)?.body).toContain('session/cancel'), WAIT)
    expect(remote.process.wasWritten('turn_1')).toBe(true)
  })

  test('a message waits for the status of the one before, and is not known as written until it begins', async () => {
    const held: ServerResponse[] = []
    await using peer = await startHttp({ take: (_, response) => void held.push(response) })
    await using remote = await openRaw(peer.url, { times: { heldMs: 60_000 } })
    remote.process.send(INITIALIZE)
    remote.process.send(about('s', { id: 1, method: 'session/set_mode' }), 'first')
    remote.process.send(about('s', { id: 2, method: 'session/prompt' }), 'turn_1')
    await vi.waitFor(() => expect(held).toHaveLength(1), WAIT)
    expect(['first', 'turn_1'].map((frame) => remote.process.wasWritten(frame))).toEqual([true, false])
    held[0]?.writeHead(202).end()
    await vi.waitFor(() => expect(held).toHaveLength(2), WAIT)
    expect(remote.process.wasWritten('turn_1')).toBe(true)
    held[1]?.writeHead(202).end()
    // On a socket that is open already.
    remote.process.send(about('s', { id: 3, method: 'session/prompt' }), 'turn_2')
    await vi.waitFor(() => expect(held).toHaveLength(3), WAIT)
    expect(remote.process.wasWritten('turn_2')).toBe(true)
  })

  test('a numbered stream that is cut goes on after its last event; one without numbers ends the connection', async () => {
    const opened: (string | undefined)[] = []
    const stream = (numbered: boolean) => (request: IncomingMessage, response: ServerResponse) => {
      const last = request.headers['last-event-id'] as string | undefined
      opened.push(last)
      const next = Number(last ?? 0) + 1
      response.write(`${numbered ? `id: ${next}\n` : ''}data: "event ${next}"\n\n`)
      if (next < 3) setImmediate(() => response.destroy())
    }
    await using peer = await startHttp({ stream: stream(true) })
    await using remote = await openRaw(peer.url)
    remote.process.send(INITIALIZE)
    await vi.waitFor(() => expect(remote.told).toHaveLength(4), WAIT)
    expect(remote.told).toEqual([HELLO, '"event 1"', '"event 2"', '"event 3"'])
    expect(opened).toEqual([undefined, '1', '2'])
    await using other = await startHttp({ stream: stream(false) })
    await using cut = await openRaw(other.url)
    cut.process.send(INITIALIZE)
    await vi.waitFor(() => expect(cut.told.at(-1)).toMatch(/^AGENT_DISCONNECTED/), WAIT)
    expect(opened).toHaveLength(4)
  })

  test('what a load replays on the stream of its session comes before its answer, which is on another stream', async () => {
    const streams = new Map<string, ServerResponse>()
    const put = (name: string, message: string): void => void streams.get(name)?.write(`data: ${message}\n\n`)
    const answer = JSON.stringify({ jsonrpc: '2.0', id: 1, result: {} })
    const replayed = [1, 2, 3].map((n) => about('s', { method: 'session/update', n }))
    await using peer = await startHttp({
      stream: ({ headers }, response) => void streams.set((headers['acp-session-id'] as string) ?? '', response),
      take: (_, response) => {
        response.writeHead(202).end()
        put('', answer)
        for (const [at, message] of replayed.entries()) setTimeout(() => put('s', message), 20 * (at + 1))
      },
    })
    await using remote = await openRaw(peer.url)
    remote.process.send(INITIALIZE)
    remote.process.send(about('s', { id: 1, method: 'session/load' }))
    await vi.waitFor(() => expect(remote.told).toHaveLength(5), WAIT)
    expect(remote.told).toEqual([HELLO, ...replayed, answer])
  })

  test.each([
    [500, { id: 1, method: 'session/prompt' }, /"id":1,"error".*HTTP 500/],
    [500, { method: 'session/cancel' }, undefined],
    [500, { id: 9, result: {} }, /^AGENT_DISCONNECTED: its server did not take a message \(HTTP 500\)/],
    [404, { id: 1, method: 'session/prompt' }, /^AGENT_DISCONNECTED: .*does not know the connection any more/],
    [410, { method: 'session/cancel' }, /^AGENT_DISCONNECTED/],
    [401, { method: 'session/cancel' }, /^AGENT_AUTH_REQUIRED/],
  ])('status %i for %j', async (status, message, expected) => {
    await using peer = await startHttp({ take: (_, response) => void response.writeHead(status).end() })
    await using remote = await openRaw(peer.url)
    remote.process.send(INITIALIZE)
    remote.process.send(about('s', message))
    await vi.waitFor(() => expect(peer.requests.filter(({ method }) => method === 'POST')).toHaveLength(2), WAIT)
    if (expected === undefined) remote.process.send(about('s', message)) // it goes on
    const posts = () => peer.requests.filter(({ method }) => method === 'POST').length
    if (expected === undefined) await vi.waitFor(() => expect(posts()).toBe(3), WAIT)
    else await vi.waitFor(() => expect(remote.told.at(-1)).toMatch(expected), WAIT)
  })

  test('a message that gets no status in time is not taken: stalled', async () => {
    await using peer = await startHttp({ take: () => {} })
    await using remote = await openRaw(peer.url, { times: { postMs: 50 } })
    remote.process.send(INITIALIZE)
    remote.process.send(about('s', { id: 1, method: 'session/prompt' }))
    await vi.waitFor(() => expect(remote.told.at(-1)).toBe(STALLED), WAIT)
  })

  test('cookies are kept and given back, each message names its connection and session, the end is told', async () => {
    await using peer = await startHttp({})
    const remote = await openRaw(peer.url)
    remote.process.send(INITIALIZE)
    remote.process.send(about('s', { id: 1, method: 'session/prompt' }))
    await vi.waitFor(() => expect(peer.requests).toHaveLength(4), WAIT)
    await remote[Symbol.asyncDispose]()
    const [first, ...others] = peer.requests
    expect(first?.headers).not.toHaveProperty('acp-connection-id')
    for (const { headers } of others) expect(headers).toMatchObject({ cookie: 'lane=7', 'acp-connection-id': 'c1' })
    const named = others.map(({ method, headers }) => `${method} ${(headers['acp-session-id'] as string) ?? '-'}`)
    expect(named.toSorted()).toEqual(['DELETE -', 'GET -', 'GET s', 'POST s'])
  })
})

test.each(['wss', 'https'])(
  '%s with a certificate that nobody here trusts is refused in plain words',
  async (scheme) => {
    const server = createTlsServer(SELF_SIGNED, (_, response) => response.end())
    const port = await listen(server)
    try {
      const failure = openRaw(`${scheme}://127.0.0.1:${port}/`).then(async (remote) => {
        await using _ = remote
        remote.process.send(INITIALIZE)
        await vi.waitFor(() => expect(remote.told).toHaveLength(1), WAIT)
        throw new Error(remote.told[0])
      })
      await expect(failure).rejects.toThrow(/its TLS certificate is signed by itself/)
    } finally {
      server.close()
    }
  },
)
