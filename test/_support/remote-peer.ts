// The other side of a remote agent: an agent of the official SDK behind its own server, over WebSocket and Streamable HTTP; and our
// side of it, from the host to the connection.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { agent } from '@agentclientprotocol/sdk'
import type { AgentApp } from '@agentclientprotocol/sdk'
import { createNodeHttpHandler, createNodeWebSocketUpgradeHandler } from '@agentclientprotocol/sdk/experimental/node'
import { AcpServer } from '@agentclientprotocol/sdk/experimental/server'
import { WebSocketServer } from 'ws'

import { SpokenVersions } from '../../src/agent/start/spoken-versions.ts'
import { createAgentConnector } from '../../src/agent/start/connect-agent.ts'
import { UNEQUIPPED } from '../../src/agent/equipment.ts'
import type { AgentEquipment } from '../../src/agent/equipment.ts'
import type { AgentConnection } from '../../src/agent/connection.ts'
import { systemClock } from '../../src/base/clock.ts'
import type { AgentSessionId, SessionId } from '../../src/base/ids.ts'
import type { AgentProcess, ProcessHost } from '../../src/keeper/agent-host.ts'
import { RemoteHost } from '../../src/remote/remote-host.ts'
import { TRANSPORT_TIMES } from '../../src/remote/transport.ts'
import type { TransportTimes } from '../../src/remote/transport.ts'
import { recorder } from './fake-process.ts'

/** Every request that a server was sent: method and headers. */
export interface Seen {
  readonly method: string
  readonly headers: IncomingMessage['headers']
}

export interface Peer extends AsyncDisposable {
  readonly ws: string
  readonly http: string
  readonly seen: Seen[]
  /** What agents were asked, in order. */
  readonly heard: string[]
  /** `clientCapabilities` of each `initialize`. */
  readonly offers: unknown[]
}

export const HISTORY = 50

/** Prompts: `ask` asks for permission, `wait` waits for a cancel, `many N` answers with N chunks, anything else is said back. */
function makeAgent(heard: string[], offers: unknown[]): AgentApp {
  const waiting = new Map<string, () => void>()
  return agent({ name: 'peer' })
    .onRequest('initialize', ({ params }) => {
      offers.push(params.clientCapabilities)
      return { protocolVersion: 1, agentCapabilities: { loadSession: true } }
    })
    .onRequest('session/new', () => ({ sessionId: 'remote-1' }))
    .onRequest('session/load', async ({ params, client }) => {
      for (let n = 0; n < HISTORY; n++) await say(client, params.sessionId, `old ${n}`)
      return {}
    })
    .onNotification('session/cancel', ({ params }) => {
      heard.push('cancel')
      waiting.get(params.sessionId)?.()
    })
    .onRequest('session/prompt', async ({ params, client }) => {
      const { sessionId, prompt } = params
      const [block] = prompt
      const text = block?.type === 'text' ? block.text : ''
      heard.push(text)
      const [word, count] = text.split(' ')
      if (word === 'wait') {
        await new Promise<void>((resolve) => waiting.set(sessionId, resolve))
        return { stopReason: 'cancelled' }
      }
      if (word === 'many') for (let n = 0; n < Number(count); n++) await say(client, sessionId, `chunk ${n}`)
      else if (word === 'ask') {
        const { outcome } = await client.request('session/request_permission', {
          sessionId,
          toolCall: { toolCallId: 't1', title: 'Write' },
          options: [{ optionId: 'yes', name: 'Yes', kind: 'allow_once' }],
        })
        await say(client, sessionId, outcome.outcome)
      } else await say(client, sessionId, text)
      return { stopReason: 'end_turn' }
    })
}

function say(client: { notify(method: 'session/update', params: never): Promise<void> }, id: string, text: string) {
  const update = { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } }
  return client.notify('session/update', { sessionId: id, update } as never)
}

/** `refuses`: an answer in place of that of the server; undefined lets the request through. */
export async function startPeer(refuses?: (request: IncomingMessage) => number | undefined): Promise<Peer> {
  const heard: string[] = []
  const seen: Seen[] = []
  const offers: unknown[] = []
  const server = new AcpServer({ createAgent: () => makeAgent(heard, offers) })
  const handle = createNodeHttpHandler(server)
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: 1e7,
    perMessageDeflate: false,
  })
  const upgrade = createNodeWebSocketUpgradeHandler(server, sockets)
  const note = ({ method = '', headers }: IncomingMessage): void => void seen.push({ method, headers })
  const http = createServer((request, response) => {
    note(request)
    const status = refuses?.(request)
    if (status === undefined) return handle(request, response)
    response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end()
  })
  http.on('upgrade', (request, socket, head) => {
    note(request)
    const status = refuses?.(request)
    if (status === undefined) return upgrade(request, socket, head)
    socket.end(`HTTP/1.1 ${status} No\r\nlocation: ws://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n`)
  })
  const port = await listen(http)
  const close = async (): Promise<void> => {
    await server.close()
    http.closeAllConnections()
    http.close()
  }
  const [ws, address] = [`ws://127.0.0.1:${port}/acp`, `http://127.0.0.1:${port}/acp`]
  return { ws, http: address, seen, heard, offers, [Symbol.asyncDispose]: close }
}

/** A server of a test's own; `answer` gets every request. */
export async function startServer(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ server: Server; port: number } & AsyncDisposable> {
  const server = createServer(answer)
  const port = await listen(server)
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    server.close()
  }
  return { server, port, [Symbol.asyncDispose]: close }
}

export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

export interface Remote extends AsyncDisposable {
  readonly connection: AgentConnection
  readonly told: string[]
  readonly host: RemoteHost
}

export interface RemoteSetup {
  readonly headers?: Readonly<Record<string, string>>
  readonly times?: Partial<TransportTimes>
  readonly lineBytesMax?: number
  readonly resume?: string
  readonly equipment?: AgentEquipment
  /** Acknowledges nothing by itself. */
  readonly isSlow?: boolean
}

/** No process of this machine has a part in these tests. */
const NO_PROCESSES = { [Symbol.asyncDispose]: () => Promise.resolve() } as unknown as ProcessHost

function openHost(times: Partial<TransportTimes> = {}): RemoteHost {
  return new RemoteHost(NO_PROCESSES, {
    clock: systemClock,
    headersOf: (_, given) => ({ ...given }),
    times: { ...TRANSPORT_TIMES, ...times },
  })
}

export interface RawRemote extends AsyncDisposable {
  readonly process: AgentProcess
  /** Lines, and then how it ended. */
  readonly told: string[]
}

/** The connection alone, without a word of the protocol. */
export async function openRaw(
  url: string,
  { headers = {}, times, lineBytesMax = 1_000_000, isSlow = false }: RemoteSetup = {},
): Promise<RawRemote> {
  const host = openHost(times)
  const spec = { agent: 'far', sessionId: undefined, generation: 0, lineBytesMax, remote: { url, headers } }
  const process = await host.connect(spec)
  const told: string[] = []
  process.listen({
    onLines: ({ first, lines }) => {
      told.push(...lines)
      if (!isSlow) process.acknowledge(first + lines.length - 1)
    },
    onOutputEnd: () => told.push('end'),
    onLineTooLong: () => told.push('too long'),
    onExit: () => told.push('exit'),
    onInputLost: () => told.push('stalled'),
    onDisconnected: ({ code, details }) => told.push(`${code}: ${details['reason'] as string}`),
  })
  return { process, told, [Symbol.asyncDispose]: () => host[Symbol.asyncDispose]() }
}

/** A session of ours at a remote agent. Rejects as the connector. */
export async function connectRemote(url: string, setup: RemoteSetup = {}): Promise<Remote> {
  const { headers = {}, times, lineBytesMax = 1_000_000, resume, isSlow = false, equipment = UNEQUIPPED } = setup
  const host = openHost(times)
  const connector = createAgentConnector({
    host,
    clock: systemClock,
    limits: { initializeMs: 5_000, sessionMs: 5_000, lineBytesMax },
    version: '1.2.3',
    versions: new SpokenVersions(),
    environmentOf: () => ({}),
    ownPlaces: { directories: [], files: [] },
    findDefinition: () => undefined,
    idleDirectory: () => '/idle',
  })
  const request = {
    definition: { name: 'far', title: 'Far', remote: { url, headers }, source: 'config' as const },
    sessionId: 'ses_1' as SessionId,
    generation: 1,
    cwd: '/work',
    roots: ['/work'],
    equipment,
    resume: resume as AgentSessionId | undefined,
    begunAt: undefined,
    whenLost: 'fail' as const,
    options: [],
    spare: undefined,
  }
  const dispose = (): Promise<void> => host[Symbol.asyncDispose]()
  try {
    const connection = await connector.connect(request, new AbortController().signal)
    const { told, listener } = recorder()
    const batchEnd = (n: number): void => {
      if (!isSlow) connection.acknowledge(n)
    }
    connection.listen({ ...listener, batchEnd })
    return { connection, told, host, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}
