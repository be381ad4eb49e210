// `holdfast acp` as an editor starts it, with the official SDK as the editor. Also over the other two transports.

import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'

import { client, ndJsonStream } from '@agentclientprotocol/sdk'
import type { ClientContext, RequestPermissionRequest, SessionNotification, Stream } from '@agentclientprotocol/sdk'
import { createHttpStream } from '@agentclientprotocol/sdk/experimental/http-client'
import { createWebSocketStream } from '@agentclientprotocol/sdk/experimental/ws-client'
import { WebSocket } from 'ws'

import { readToken } from '../../src/config/token.ts'
import type { TestGateway } from './test-gateway.ts'

type OnAsk = (request: RequestPermissionRequest) => string | Promise<string>

export interface SdkEditor extends AsyncDisposable {
  readonly agent: ClientContext
  readonly told: SessionNotification[]
  /** Option to choose. */
  onAsk: OnAsk
  text(): string
  /** Numbers of the events that were told, in their order. */
  seqs(): number[]
}

export interface Bridge extends SdkEditor {
  readonly child: ChildProcess
  stderr: string
  /** Closes stdin; resolves with the exit code. */
  leave(): Promise<number | null>
}

/** The SDK as an editor on `stream`, initialised. */
async function editorOn(stream: Stream): Promise<SdkEditor> {
  const told: SessionNotification[] = []
  const editor = { told, onAsk: (({ options }) => options[0]?.optionId ?? '') as OnAsk }
  const app = client()
    .onNotification('session/update', ({ params }) => void told.push(params))
    .onRequest('session/request_permission', async ({ params }) => ({
      outcome: { outcome: 'selected', optionId: await editor.onAsk(params) },
    }))
  const connection = app.connect(stream)
  await connection.agent.request('initialize', { protocolVersion: 1, clientCapabilities: {} })
  return Object.assign(editor, {
    agent: connection.agent,
    text: () => told.map(({ update }) => textOf(update)).join(''),
    seqs: () => told.map(({ _meta }) => _meta?.['holdfast/seq']).filter((seq) => typeof seq === 'number'),
    [Symbol.asyncDispose]: async () => connection.close(),
  })
}

export async function openBridge(gateway: TestGateway, ...args: string[]): Promise<Bridge> {
  const child = gateway.spawn('acp', ...args)
  const { stdin, stdout, stderr } = child
  if (stdin === null || stdout === null || stderr === null) throw new Error('the bridge has no pipes')
  const editor = await editorOn(
    ndJsonStream(Writable.toWeb(stdin), Readable.toWeb(stdout) as ReadableStream<Uint8Array>),
  )
  const bridge = Object.assign(editor, {
    child,
    stderr: '',
    leave: async () => {
      const exited = once(child, 'exit')
      stdin.end()
      return ((await exited) as [number | null])[0]
    },
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
  })
  stderr.on('data', (chunk: Buffer) => (bridge.stderr += chunk.toString()))
  return bridge
}

/** Over the unix socket of the gateway. */
export function openWebSocketEditor(gateway: TestGateway, target = '/acp'): Promise<SdkEditor> {
  const token = readToken(join(gateway.home, 'state/token'))
  const path = join(gateway.home, 'run/gateway.sock')
  class Socket extends WebSocket {
    constructor(url: string, _: unknown, options: { headers?: Record<string, string> } = {}) {
      const headers = { ...options.headers, authorization: `Bearer ${token}` }
      super(url, {
        headers,
        maxPayload: 1e8,
        perMessageDeflate: false,
        handshakeTimeout: 5_000,
        createConnection: () => connect(path),
      })
    }
  }
  return editorOn(createWebSocketStream(`ws://localhost${target}`, { WebSocket: Socket }))
}

/** Over TCP; `url` is that of the gateway. */
export function openHttpEditor(gateway: TestGateway, url: string): Promise<SdkEditor> {
  const token = readToken(join(gateway.home, 'state/token'))
  return editorOn(createHttpStream(`${url}/acp`, { headers: { authorization: `Bearer ${token}` } }))
}

function textOf(update: SessionNotification['update']): string {
  const isText = update.sessionUpdate === 'agent_message_chunk' && update.content.type === 'text'
  return isText ? (update.content as { text: string }).text : ''
}
