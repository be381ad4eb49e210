// The bridge between an editor and connections that come and go, without either: lines in, lines out.

import { describe, expect, test } from 'vitest'

import type { JsonObject } from '../../base/json.ts'
import { Bridge } from './bridge.ts'

type Line = JsonObject & { id?: string | number; method?: string; params: JsonObject; result: JsonObject }

/** An editor that has initialised and has session `s` open up to event 5. */
function rig() {
  const editor: Line[] = []
  const gateway: Line[] = []
  let cuts = 0
  const bridge = new Bridge({ toEditor: (line) => void editor.push(JSON.parse(line) as Line) })
  const at = {
    bridge,
    editor,
    gateway,
    cuts: () => cuts,
    connect: () =>
      bridge.connected({ send: (line) => void gateway.push(JSON.parse(line) as Line), cut: () => void (cuts += 1) }),
    say: (message: object) => bridge.fromEditor(JSON.stringify({ jsonrpc: '2.0', ...message })),
    hear: (message: object) => bridge.fromGateway(JSON.stringify({ jsonrpc: '2.0', ...message })),
    /** Answers the last request that the gateway was sent. */
    answer: (result: object) => at.hear({ id: gateway.at(-1)!.id, result }),
    update: (seq: number, part?: number) => {
      const _meta = { 'holdfast/seq': seq, ...(part !== undefined && { 'holdfast/part': part }) }
      at.hear({ method: 'session/update', params: { sessionId: 's', update: {}, _meta } })
    },
  }
  at.connect()
  at.say({ id: 1, method: 'initialize', params: { protocolVersion: 1 } })
  at.answer({ protocolVersion: 1 })
  at.say({ id: 2, method: 'session/new', params: { cwd: '/w' } })
  at.answer({ sessionId: 's', _meta: { 'holdfast/seq': 5 } })
  return at
}

/** The connection is lost, another one is made; the handshake and the sessions are answered. */
function reconnect(at: ReturnType<typeof rig>, permissions: readonly string[] = []): void {
  at.bridge.disconnected()
  at.gateway.length = 0
  at.connect()
  at.answer({ protocolVersion: 1 })
  at.answer({ _meta: { 'holdfast/permissions': permissions } })
}

const methods = (lines: readonly Line[]): unknown[] => lines.map(({ method }) => method)

describe('a connection that is lost', () => {
  test('the next one begins with the same handshake and with each session from where the editor is, before anything else', () => {
    const at = rig()
    const [handshake] = at.gateway
    at.update(6)
    at.say({ id: 3, method: 'session/prompt', params: { sessionId: 's', prompt: [] } })
    reconnect(at)
    expect(methods(at.gateway)).toEqual(['initialize', 'session/resume', 'session/prompt'])
    expect(at.gateway[0]?.params).toEqual(handshake?.params)
    expect(at.gateway[1]?.params).toMatchObject({ sessionId: 's', _meta: { 'holdfast/after': 5 } })
  })

  test('a prompt that was not answered is sent again under the same key and id', () => {
    const at = rig()
    at.say({ id: 3, method: 'session/prompt', params: { sessionId: 's', prompt: [] } })
    const sent = at.gateway.at(-1)
    reconnect(at)
    expect(at.gateway.at(-1)).toEqual(sent)
    expect((sent!.params['_meta'] as JsonObject)['holdfast/idempotencyKey']).toMatch(/^.+\.\d+$/)
    at.answer({ stopReason: 'end_turn' })
    expect(at.editor.at(-1)).toMatchObject({ id: 3, result: { stopReason: 'end_turn' } })
    reconnect(at)
    expect(methods(at.gateway)).toEqual(['initialize', 'session/resume'])
  })

  test('a new session and a fork that were not answered are asked for again under the keys that they were asked for with', () => {
    const at = rig()
    const made = [
      { id: 3, method: 'session/new', params: { cwd: '/w' } },
      { id: 4, method: 'session/new', params: { cwd: '/w' } },
      { id: 5, method: 'session/fork', params: { sessionId: 's' } },
    ]
    for (const request of made) at.say(request)
    const sent = at.gateway.slice(-3)
    const keys = sent.map(({ params }) => (params['_meta'] as JsonObject)['holdfast/idempotencyKey'])
    expect([new Set(keys).size, keys.every((key) => typeof key === 'string')]).toEqual([3, true])
    reconnect(at)
    expect(at.gateway.slice(-3)).toEqual(sent)
  })

  test('a method of the agent itself is not asked again, for it might be done twice: it is answered with the loss', () => {
    const at = rig()
    at.say({ id: 7, method: '_vendor/ask', params: { sessionId: 's' } })
    expect(at.gateway.at(-1)).toMatchObject({ id: 7, method: '_vendor/ask' })
    reconnect(at)
    expect(at.editor.at(-1)).toMatchObject({ id: 7, error: { data: { code: 'GATEWAY_UNREACHABLE', retryable: true } } })
    expect(methods(at.gateway)).toEqual(['initialize', 'session/resume'])
  })

  test('C-79 what the editor writes into _meta of a prompt stays as it is, beside our key', () => {
    const lines: string[] = []
    const { bridge } = rig()
    bridge.connected({ send: (line) => void lines.push(line), cut: () => {} })
    bridge.fromGateway(`{"id":${JSON.stringify((JSON.parse(lines[0]!) as Line).id)},"result":{"protocolVersion":1}}`)
    bridge.fromGateway(`{"id":${JSON.stringify((JSON.parse(lines[1]!) as Line).id)},"result":{}}`)
    bridge.fromEditor(
      '{"id":9, "method":"session/prompt","params":{"_meta":{"n":1.0, "10":1,"2":2},"sessionId":"s","prompt":[]}}',
    )
    expect(lines.at(-1)).toMatch(
      /^\{"id":9,"method":"session\/prompt","params":\{"sessionId":"s","prompt":\[\],"_meta":\{"n":1\.0,"10":1,"2":2,"holdfast\/idempotencyKey":"[^"]+"\}\}\}$/,
    )
  })

  test('what the editor was told comes once, by the number of the event and its part', () => {
    const at = rig()
    at.editor.length = 0
    for (const part of [0, 1]) at.update(6, part)
    reconnect(at)
    for (const part of [0, 1, 2]) at.update(6, part)
    at.update(7)
    at.update(7)
    at.hear({ method: 'session/update', params: { sessionId: 's', update: {} } })
    const told = at.editor.map(({ params }) => params['_meta'])
    expect(told).toEqual([
      { 'holdfast/seq': 6, 'holdfast/part': 0 },
      { 'holdfast/seq': 6, 'holdfast/part': 1 },
      { 'holdfast/seq': 6, 'holdfast/part': 2 },
      { 'holdfast/seq': 7 },
      undefined,
    ])
  })

  test('a session that is being loaded is opened by the load alone, and its history goes on where it was cut', () => {
    const at = rig()
    at.update(6)
    at.say({ id: 3, method: 'session/load', params: { sessionId: 's', cwd: '/w' } })
    at.editor.length = 0
    at.update(1)
    at.update(2)
    at.bridge.disconnected()
    at.gateway.length = 0
    at.connect()
    at.answer({ protocolVersion: 1 })
    expect(methods(at.gateway)).toEqual(['initialize', 'session/load'])
    for (const seq of [1, 2, 3]) at.update(seq)
    expect(at.editor.map(({ params }) => (params['_meta'] as JsonObject)['holdfast/seq'])).toEqual([1, 2, 3])
  })

  test('a fork is open like any other session, and its source stays open while it is made', () => {
    const at = rig()
    const open = (): unknown[] => at.gateway.filter(isResume).map(({ params }) => params['sessionId'])
    const isResume = ({ method }: Line): boolean => method === 'session/resume'
    at.say({ id: 3, method: 'session/fork', params: { sessionId: 's' } })
    reconnect(at)
    expect(open()).toEqual(['s'])
    expect(at.gateway.at(-1)).toMatchObject({ id: 3, method: 'session/fork' })
    at.answer({ sessionId: 'forked', _meta: { 'holdfast/seq': 3 } })
    reconnect(at)
    expect(open()).toEqual(['s', 'forked'])
  })

  test('what the editor says meanwhile waits and keeps its order; rubbish is answered here', () => {
    const at = rig()
    at.bridge.disconnected()
    at.gateway.length = 0
    at.say({ id: 3, method: 'session/list', params: {} })
    at.say({ method: 'session/cancel', params: { sessionId: 's' } })
    at.bridge.fromEditor('rubbish')
    expect(at.editor.at(-1)).toMatchObject({ id: null, error: { code: -32700 } })
    at.connect()
    at.answer({})
    at.answer({})
    expect(methods(at.gateway)).toEqual(['initialize', 'session/resume', 'session/list', 'session/cancel'])
  })

  test('a request that is refused because the gateway drains is not answered: the next gateway gets it', () => {
    const at = rig()
    at.say({ id: 3, method: 'session/prompt', params: { sessionId: 's', prompt: [] } })
    const before = at.editor.length
    at.hear({ id: 3, error: { code: -32603, message: 'x', data: { code: 'GATEWAY_DRAINING' } } })
    expect([at.editor.length, at.bridge.pendingCount(true), at.bridge.pendingCount(false)]).toEqual([before, 1, 0])
    reconnect(at)
    expect(methods(at.gateway).at(-1)).toBe('session/prompt')
  })

  test('a gateway that refuses the handshake is left; one that has lost the session, or its log, keeps nothing waiting', () => {
    const at = rig()
    at.bridge.disconnected()
    at.connect()
    at.hear({ id: at.gateway.at(-1)!.id, error: { code: -32603, message: 'x' } })
    expect(at.cuts()).toBe(1)
    at.connect()
    at.answer({})
    at.hear({ id: at.gateway.at(-1)!.id, error: { code: -32602, message: 'ahead' } })
    expect(at.gateway.at(-1)?.params).toEqual({ sessionId: 's' })
    at.hear({ id: at.gateway.at(-1)!.id, error: { code: -32002, message: 'gone' } })
    at.say({ id: 4, method: 'session/list', params: {} })
    expect(at.gateway.at(-1)?.method).toBe('session/list')
  })

  test('whoever still waits when the gateway is given up is told, once', () => {
    const at = rig()
    at.say({ id: 3, method: 'session/prompt', params: { sessionId: 's', prompt: [] } })
    at.bridge.disconnected()
    at.bridge.giveUp('It cannot be reached.')
    expect(at.editor.at(-1)).toMatchObject({ id: 3, error: { data: { code: 'GATEWAY_UNREACHABLE' } } })
    expect(at.bridge.pendingCount(true)).toBe(0)
  })

  test('an id that is not answered yet is refused, and the first one goes on', () => {
    const at = rig()
    at.say({ id: 3, method: 'session/list', params: {} })
    at.say({ id: 3, method: 'session/list', params: {} })
    expect(at.editor.at(-1)).toMatchObject({ id: 3, error: { code: -32600 } })
    at.answer({ sessions: [] })
    expect(at.editor.at(-1)).toMatchObject({ id: 3, result: { sessions: [] } })
  })
})

describe('permission requests over a lost connection', () => {
  const ask = { id: 'perm_1', method: 'session/request_permission', params: { sessionId: 's' } }
  const yes = { id: 'perm_1', result: { outcome: { outcome: 'selected', optionId: 'yes' } } }

  test('one that comes again is not shown again, and an answer that nobody heard is passed on', () => {
    const at = rig()
    at.hear(ask)
    at.bridge.disconnected()
    at.say(yes)
    reconnect(at, ['perm_1'])
    const shown = at.editor.filter(({ id }) => id === 'perm_1').length
    at.hear(ask)
    expect([shown, at.editor.filter(({ id }) => id === 'perm_1').length]).toEqual([1, 1])
    expect(at.gateway.at(-1)).toMatchObject(yes)
  })

  test('one that was decided meanwhile is taken back, and a later answer goes nowhere', () => {
    const at = rig()
    at.hear(ask)
    reconnect(at, [])
    expect(at.editor.at(-1)).toMatchObject({ method: '$/cancel_request', params: { requestId: 'perm_1' } })
    const before = at.gateway.length
    at.say(yes)
    expect(at.gateway).toHaveLength(before)
  })
})
