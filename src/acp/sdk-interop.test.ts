// The official SDK as the other side, once as the agent and once as the client, over in-memory byte streams.

import { agent, client, ndJsonStream } from '@agentclientprotocol/sdk'
import type { SessionNotification } from '@agentclientprotocol/sdk'
import { describe, expect, test, vi } from 'vitest'

import { ignore } from '../base/deadline.ts'
import type { Json, JsonObject } from '../base/json.ts'
import { decodeLines, LineFramer } from '../base/line-framer.ts'
import { narrowInitialize } from './initialize.ts'
import { JsonRpcPeer } from './peer.ts'
import type { PeerHandlers, PeerWarning, RpcResult } from './peer.ts'
import { narrowPermissionRequest } from './permission-request.ts'
import { narrowNewSession, narrowPromptAnswer } from './session-results.ts'
import { narrowSessionUpdate } from './session-update.ts'

const LINE_BYTES_MAX = 1_000_000
const within = { ms: 5_000, stage: 'test' }

/** Our peer at one end of two byte pipes; the SDK gets the other end. What the SDK writes arrives cut into odd pieces. */
function openPeer(role: 'client' | 'agent', handlers: Omit<PeerHandlers, 'warning'>) {
  const warnings: PeerWarning[] = []
  const toSdk = new TransformStream<Uint8Array, Uint8Array>()
  const fromSdk = new TransformStream<Uint8Array, Uint8Array>()
  const writer = toSdk.writable.getWriter()
  const encoder = new TextEncoder()
  const peer = new JsonRpcPeer({
    role,
    handlers: { ...handlers, warning: (warning) => warnings.push(warning) },
    send: (line) => void writer.write(encoder.encode(`${line}\n`)).catch(ignore('the SDK has closed its side')),
  })
  const framer = new LineFramer(LINE_BYTES_MAX)
  const reader = fromSdk.readable.getReader()
  const reading = (async (): Promise<void> => {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      for (let at = 0; at < read.value.length; at += 17) {
        const lines = framer.push(Buffer.from(read.value.subarray(at, at + 17)))
        for (const line of lines === undefined ? [] : decodeLines(lines.bytes)) peer.receive(line)
      }
    }
  })()
  const stream = ndJsonStream(fromSdk.writable, toSdk.readable)
  const close = async (): Promise<void> => {
    void writer.close().catch(ignore('the SDK has closed its side'))
    await reader.cancel()
    await reading
  }
  return { peer, stream, warnings, [Symbol.asyncDispose]: close }
}

function sdkAgent(onCancel: () => void = () => {}) {
  return agent({ name: 'sdk-agent' })
    .onRequest('initialize', () => ({
      protocolVersion: 1,
      agentCapabilities: { loadSession: true, sessionCapabilities: { resume: {} } },
      agentInfo: { name: 'sdk-agent', version: '1' },
    }))
    .onRequest('session/new', () => ({ sessionId: 'sdk-1' }))
    .onRequest('session/prompt', async ({ params, client: editor, signal }) => {
      const { sessionId } = params
      const say = (text: string): Promise<void> =>
        editor.notify('session/update', {
          sessionId,
          update: { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } },
        })
      if (params.prompt[0]?.type === 'text' && params.prompt[0].text === 'hang') {
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
        signal.throwIfAborted()
      }
      await say('one \u{1f600}\u2028')
      await editor.notify('session/update', {
        sessionId,
        update: { sessionUpdate: 'tool_call', toolCallId: 't1', title: 'Write', kind: 'edit', status: 'pending' },
      })
      const { outcome } = await editor.request('session/request_permission', {
        sessionId,
        toolCall: { toolCallId: 't1' },
        options: [{ optionId: 'yes', name: 'Yes', kind: 'allow_once' }],
      })
      await say(outcome.outcome === 'selected' ? outcome.optionId : 'cancelled')
      return { stopReason: 'end_turn' }
    })
    .onNotification('session/cancel', onCancel)
}

describe('the SDK as the agent', () => {
  function connect(onCancel?: () => void) {
    const told: string[] = []
    const link = openPeer('client', {
      notification: ({ params }) => {
        const narrowed = narrowSessionUpdate(params)
        if (narrowed.kind !== 'known') return told.push(narrowed.kind)
        const { update } = narrowed
        const text =
          update.sessionUpdate === 'agent_message_chunk' && update.content.type === 'text' ? update.content.text : ''
        return told.push(`${narrowed.variant} ${text} ${narrowed.warning ?? 'exact'}`)
      },
      request: ({ id, params }) => {
        const narrowed = narrowPermissionRequest(params)
        told.push(narrowed.kind === 'request' ? `permission ${narrowed.warning ?? 'exact'}` : narrowed.reason)
        link.peer.respond(id, { outcome: { outcome: 'selected', optionId: 'yes' } })
      },
    })
    sdkAgent(onCancel).connect(link.stream)
    return { link, told }
  }

  const initialize = (peer: JsonRpcPeer): Promise<Json> =>
    peer.call('initialize', { protocolVersion: 1, clientCapabilities: {} }, within)

  test('a whole turn: initialize, new, prompt with updates and a permission, in wire order, exact by the schema', async () => {
    const { link, told } = connect()
    await using _ = link
    const { peer, warnings } = link
    expect(narrowInitialize(await initialize(peer))).toMatchObject({
      kind: 'initialized',
      protocolVersion: 1,
      capabilities: { loadSession: true, resume: true, close: false },
      warning: undefined,
    })
    const opened = narrowNewSession(await peer.call('session/new', { cwd: '/', mcpServers: [] }, within))
    expect(opened).toMatchObject({ kind: 'usable', value: { sessionId: 'sdk-1' }, warning: undefined })
    const answer = await new Promise<RpcResult>((resolve) => {
      const prompt = [{ type: 'text', text: 'hi' }]
      peer.request('session/prompt', { sessionId: 'sdk-1', prompt }, resolve, { id: 'turn_1' })
    })
    expect(answer.kind === 'result' && narrowPromptAnswer(answer.result)).toMatchObject({ warning: undefined })
    expect(told).toEqual([
      'agent_message_chunk one \u{1f600}\u2028 exact',
      'tool_call  exact',
      'permission exact',
      'agent_message_chunk yes exact',
    ])
    expect(warnings).toEqual([])
  })

  test('an error of the SDK rejects the call with its code', async () => {
    const { link } = connect()
    await using _ = link
    await initialize(link.peer)
    await expect(link.peer.call('session/unheard_of', {}, within)).rejects.toMatchObject({ code: -32601 })
    await expect(link.peer.call('session/new', { cwd: 5 }, within)).rejects.toMatchObject({ code: -32602 })
  })

  test('C-50: $/cancel_request ends a prompt with one answer; session/cancel arrives as a notification', async () => {
    const onCancel = vi.fn<() => void>()
    const { link } = connect(onCancel)
    await using _ = link
    const { peer, warnings } = link
    await initialize(peer)
    await peer.call('session/new', { cwd: '/', mcpServers: [] }, within)
    const answers: RpcResult[] = []
    const prompt = [{ type: 'text', text: 'hang' }]
    peer.request('session/prompt', { sessionId: 'sdk-1', prompt }, (answer) => answers.push(answer), { id: 'turn_2' })
    peer.notify('session/cancel', { sessionId: 'sdk-1' })
    await vi.waitFor(() => expect(onCancel).toHaveBeenCalledOnce(), { timeout: 5_000 })
    peer.cancelRequest('turn_2')
    await vi.waitFor(() => expect(answers).toMatchObject([{ kind: 'error', error: { code: -32800 } }]), {
      timeout: 5_000,
    })
    expect(warnings).toEqual([])
  })
})

describe('the SDK as the client', () => {
  test('a whole turn against our peer in the role of the agent', async () => {
    const asked: string[] = []
    const outcomes: Json[] = []
    const updates: SessionNotification[] = []
    await using link = openPeer('agent', {
      notification: ({ method }) => asked.push(method),
      request: ({ id, method, params }) => {
        asked.push(method)
        if (method === 'initialize') return link.peer.respond(id, { protocolVersion: 1 })
        if (method === 'session/new') return link.peer.respond(id, { sessionId: 'ours-1' })
        if (method !== 'session/prompt') return link.peer.respondError(id, { code: -32601, message: 'no' })
        link.peer.notify('session/update', chunk(params, 'before'))
        const permission = {
          sessionId: 'ours-1',
          toolCall: { toolCallId: 't1' },
          options: [{ optionId: 'a', name: 'A', kind: 'allow_once' }],
        }
        link.peer.request('session/request_permission', permission, (answer) => {
          outcomes.push(answer.kind === 'result' ? answer.result : answer.kind)
          link.peer.notify('session/update', chunk(params, 'after'))
          link.peer.respond(id, { stopReason: 'end_turn' })
        })
      },
    })
    const chunk = (params: JsonObject, text: string): JsonObject => ({
      sessionId: params['sessionId'] ?? null,
      update: { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } },
    })
    const app = client({ name: 'sdk-client' })
      .onNotification('session/update', ({ params }) => void updates.push(params))
      .onRequest('session/request_permission', () => ({ outcome: { outcome: 'cancelled' as const } }))
    await app.connectWith(link.stream, async (ours) => {
      await ours.request('initialize', { protocolVersion: 1 })
      const { sessionId } = await ours.request('session/new', { cwd: '/', mcpServers: [] })
      await ours.notify('session/cancel', { sessionId })
      const prompt = [{ type: 'text' as const, text: 'hi' }]
      expect(await ours.request('session/prompt', { sessionId, prompt })).toEqual({ stopReason: 'end_turn' })
      await expect(ours.request('_unknown', {})).rejects.toMatchObject({ code: -32601 })
      await vi.waitFor(() => expect(updates).toHaveLength(2), { timeout: 5_000 })
    })
    expect(asked).toEqual(['initialize', 'session/new', 'session/cancel', 'session/prompt', '_unknown'])
    expect(outcomes).toEqual([{ outcome: { outcome: 'cancelled' } }])
    expect(updates.map(({ update }) => update)).toMatchObject([
      { content: { text: 'before' } },
      { content: { text: 'after' } },
    ])
    expect(link.warnings).toEqual([])
  })
})
