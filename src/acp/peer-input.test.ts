// What comes in: nothing on the wire breaks the reader, and only what may be answered is answered. X-nn: the wire
// robustness table.

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { Json, JsonObject } from '../base/json.ts'
import { JsonRpcPeer } from './peer.ts'
import type { IncomingRequest, PeerLimits, PeerWarning } from './peer.ts'

function openPeer(role: 'client' | 'agent', limits: Partial<PeerLimits> = {}) {
  const sent: Json[] = []
  const told: string[] = []
  const requests: IncomingRequest[] = []
  const notifications: { method: string; params: JsonObject; raw: string }[] = []
  const warnings: PeerWarning[] = []
  const peer = new JsonRpcPeer({
    role,
    limits,
    send: (line) => sent.push(JSON.parse(line) as Json),
    handlers: {
      request: (message) => {
        requests.push(message)
        told.push(`request ${message.method}`)
      },
      notification: (message) => {
        notifications.push(message)
        told.push(`notification ${message.method}`)
      },
      warning: (warning) => warnings.push(warning),
    },
  })
  const kinds = (): string[] => warnings.map(({ kind }) => kind)
  return { peer, sent, told, requests, notifications, warnings, kinds }
}

function request(id: Json, method = 'm', params: Json = {}): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params })
}

function notification(method: string, params: Json = {}): string {
  return JSON.stringify({ jsonrpc: '2.0', method, params })
}

const errorTo = (id: Json, code: number): unknown =>
  expect.objectContaining({ jsonrpc: '2.0', id, error: expect.objectContaining({ code }) })

const JUNK: readonly { name: string; line: string; code: number }[] = [
  { name: 'X-06/X-07: text', line: 'Need to install the following packages:', code: -32700 },
  { name: 'X-41: two objects on one line', line: '{"a":1}{"b":2}', code: -32700 },
  { name: 'X-41: a piece of pretty-printed JSON', line: '{', code: -32700 },
  { name: 'X-10: an array of requests', line: `[${request(1)},${request(2)}]`, code: -32600 },
  { name: 'X-10: an empty array', line: '[]', code: -32600 },
  { name: 'X-11: a string', line: '"hello"', code: -32600 },
  { name: 'X-11: a number', line: '5', code: -32600 },
  { name: 'X-11: null', line: 'null', code: -32600 },
  { name: 'an object without anything', line: '{}', code: -32600 },
  { name: 'a method that is no string', line: '{"jsonrpc":"2.0","id":1,"method":7}', code: -32600 },
]

describe('rubbish on the line', () => {
  test.each(JUNK)('$name: the client counts it and writes nothing', ({ line }) => {
    const { peer, sent, told, warnings } = openPeer('client')
    peer.receive(line)
    expect(sent).toEqual([])
    expect(told).toEqual([])
    expect(warnings).toHaveLength(1)
    expect(warnings[0]?.excerpt).toContain(line.slice(0, 10))
  })

  test.each(JUNK)('$name: the agent answers one error with id null', ({ line, code }) => {
    const { peer, sent, told } = openPeer('agent')
    peer.receive(line)
    expect(sent).toEqual([errorTo(null, code)])
    expect(told).toEqual([])
  })

  test('X-11: the answer does not echo the offending value', () => {
    const { peer, sent } = openPeer('agent')
    peer.receive('"a secret"')
    expect(JSON.stringify(sent)).not.toContain('a secret')
  })

  test('X-06: an excerpt is bounded and holds no control characters', () => {
    const { peer, warnings } = openPeer('client')
    peer.receive(`\u001b[2J\u009b\u202e${'x'.repeat(100_000)}`)
    expect(warnings[0]?.excerpt).toHaveLength(200)
    expect(warnings[0]?.excerpt).toMatch(/^\\u001b\[2J\\u009b\\u202exx[ -~]*\u2026$/)
  })

  test('C-18: an excerpt holds no credential, also not the beginning of one that is cut off', () => {
    const { peer, warnings } = openPeer('client')
    const key = `sk-proj-${'k3y'.repeat(60)}`
    peer.receive(`export PI_API_KEY=${key}`)
    peer.receive(`${'x'.repeat(190)} ${key}`)
    peer.receive('Authorization: Bearer abcdef012345')
    expect(warnings.map(({ excerpt }) => excerpt)).toEqual([
      'export PI_API_KEY=[redacted]',
      `${'x'.repeat(190)} [redacte\u2026`,
      'Authorization: [redacted]',
    ])
  })

  test('X-08: after 20,000 lines of rubbish a message is delivered, and the warnings were thinned out', () => {
    const { peer, sent, told, warnings } = openPeer('client')
    for (let i = 0; i < 20_000; i++) peer.receive(`npm warn ${i}`)
    peer.receive(notification('session/update'))
    expect(told).toEqual(['notification session/update'])
    expect(sent).toEqual([])
    expect(peer.countOf('not_json')).toBe(20_000)
    expect(warnings.length).toBeLessThan(40)
    expect(warnings.at(-1)?.count).toBe(16_384)
  })

  test.each([
    ['objects in params', `{"jsonrpc":"2.0","method":"n","params":${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}}`],
    ['arrays in params', `{"jsonrpc":"2.0","method":"n","params":{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}}`],
    ['an array alone', `${'['.repeat(200_000)}${']'.repeat(200_000)}`],
    ['an array that never ends', '['.repeat(200_000)],
  ])('X-13: 200,000 levels of %s do not crash the reader', (_name, line) => {
    const { peer, told, warnings } = openPeer('client')
    peer.receive(line)
    peer.receive(notification('next'))
    expect(told).toEqual(['notification next'])
    expect(warnings).toHaveLength(1)
  })

  test('X-13: a request nested too deeply is refused, an answer nested too deeply is an error', () => {
    const { peer, sent, kinds } = openPeer('client', { depthMax: 10 })
    const deep = JSON.parse(`${'['.repeat(20)}${']'.repeat(20)}`) as Json
    const answers: string[] = []
    peer.request('x', {}, ({ kind }) => answers.push(kind))
    peer.receive(request(7, 'm', { deep }))
    peer.receive(JSON.stringify({ jsonrpc: '2.0', id: 0, result: { deep } }))
    expect(sent[1]).toEqual(errorTo(7, -32600))
    expect(answers).toEqual(['error'])
    expect(kinds()).toEqual(['too_deep', 'too_deep'])
  })

  test('X-14: __proto__ and constructor are names like others', () => {
    const { peer, notifications } = openPeer('client')
    const params = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"a":1,"a":2}'
    peer.receive(`{"jsonrpc":"2.0","method":"n","params":${params},"__proto__":{"id":5,"polluted":1}}`)
    expect(notifications).toHaveLength(1)
    expect(notifications[0]?.params['a']).toBe(2)
    expect(Object.hasOwn(notifications[0]?.params ?? {}, '__proto__')).toBe(true)
    expect('polluted' in {}).toBe(false)
  })
})

describe('requests of the other side', () => {
  test.each([
    ['missing', '{"id":1,"method":"m"}'],
    ['wrong', '{"jsonrpc":"1.0","id":1,"method":"m"}'],
  ])('X-15: a %s jsonrpc member is accepted with a warning', (_name, line) => {
    const { peer, told, kinds } = openPeer('client')
    peer.receive(line)
    expect(told).toEqual(['request m'])
    expect(kinds()).toEqual(['no_version'])
  })

  test.each([['abc'], [0], [-1], [2 ** 53 - 1], [''], [null]])('X-24/X-26: id %j is echoed exactly', (id) => {
    const { peer, sent, requests, warnings } = openPeer('agent')
    peer.receive(request(id))
    peer.respond(requests[0]?.id ?? null, { ok: true })
    expect(sent).toEqual([{ jsonrpc: '2.0', id, result: { ok: true } }])
    expect(warnings).toEqual([])
  })

  test('X-26: an id beyond 2^53 is flagged', () => {
    const { peer, told, kinds } = openPeer('client')
    peer.receive('{"jsonrpc":"2.0","id":9007199254740993,"method":"m"}')
    expect(told).toEqual(['request m'])
    expect(kinds()).toEqual(['unsafe_id'])
  })

  test.each(['client', 'agent'] as const)('X-24: the %s refuses an object or a boolean as id', (role) => {
    for (const id of [{}, [], true]) {
      const { peer, sent, told } = openPeer(role)
      peer.receive(request(id))
      expect(sent).toEqual([errorTo(null, -32600)])
      expect(told).toEqual([])
    }
  })

  test('X-25: a second request with an id that is not answered yet is refused, the first goes on', () => {
    const { peer, sent, told } = openPeer('client')
    peer.receive(request(1, 'first'))
    peer.receive(request(1, 'second'))
    peer.receive(request('1', 'other type'))
    expect(told).toEqual(['request first', 'request other type'])
    expect(sent).toEqual([errorTo(1, -32600)])
    peer.respond(1, 'first')
    expect(sent[1]).toEqual({ jsonrpc: '2.0', id: 1, result: 'first' })
    peer.receive(request(1, 'again'))
    expect(told.at(-1)).toBe('request again')
  })

  test('a request is answered once: the second answer and one to an unknown id are dropped', () => {
    const { peer, sent } = openPeer('client')
    peer.receive(request(1))
    peer.respondError(1, { code: -32601, message: 'no' })
    peer.respond(1, {})
    peer.respond(99, {})
    expect(sent).toEqual([{ jsonrpc: '2.0', id: 1, error: { code: -32601, message: 'no' } }])
  })

  test('requests beyond the limit are refused until one is answered', () => {
    const { peer, sent, told, kinds } = openPeer('client', { inFlightMax: 2 })
    for (const id of [1, 2, 3]) peer.receive(request(id))
    expect(told).toHaveLength(2)
    expect(sent).toEqual([errorTo(3, -32603)])
    expect(kinds()).toEqual(['too_many_requests'])
    peer.respond(1, {})
    peer.receive(request(4))
    expect(told).toHaveLength(3)
  })

  test('X-27: missing and null params are {}, the raw line is kept', () => {
    const { peer, requests, notifications } = openPeer('agent')
    peer.receive('{"jsonrpc":"2.0","id":1,"method":"m"}')
    peer.receive('{"jsonrpc":"2.0","id":2,"method":"m","params":null}')
    peer.receive('{"jsonrpc":"2.0","method":"n"}')
    expect(requests.map(({ params }) => params)).toEqual([{}, {}])
    expect(notifications).toEqual([{ method: 'n', params: {}, isPlain: false, raw: '{"jsonrpc":"2.0","method":"n"}' }])
  })

  test.each([[[1]], ['text'], [5]])('X-27: params %j are -32602, and drop a notification', (params) => {
    const { peer, sent, told, kinds } = openPeer('client')
    peer.receive(request(1, 'm', params))
    peer.receive(notification('n', params))
    expect(sent).toEqual([errorTo(1, -32602)])
    expect(told).toEqual([])
    expect(kinds()).toEqual(['bad_params', 'bad_params'])
  })

  test('X-29: a handler that throws is -32603 without its text, and the reader goes on', () => {
    const sent: Json[] = []
    const warnings: PeerWarning[] = []
    const fail = (): void => {
      throw new Error('secret of ours')
    }
    const peer = new JsonRpcPeer({
      role: 'agent',
      send: (line) => sent.push(JSON.parse(line) as Json),
      handlers: { request: fail, notification: fail, warning: (warning) => warnings.push(warning) },
    })
    peer.receive(notification('n'))
    peer.receive(request(1))
    peer.receive(request(2))
    expect(sent).toEqual([errorTo(1, -32603), errorTo(2, -32603)])
    expect(JSON.stringify(sent)).not.toMatch(/secret|peer-input/)
    expect(warnings.map(({ kind, excerpt }) => `${kind}: ${excerpt}`)).toEqual(
      Array.from({ length: 3 }, () => 'handler_failed: secret of ours'),
    )
  })

  test('X-29: a handler that answers and then throws has answered', () => {
    const sent: Json[] = []
    const peer: JsonRpcPeer = new JsonRpcPeer({
      role: 'agent',
      send: (line) => sent.push(JSON.parse(line) as Json),
      handlers: {
        request: ({ id }) => {
          peer.respond(id, 'done')
          throw new Error('late')
        },
        notification: () => {},
        warning: () => {},
      },
    })
    peer.receive(request(1))
    expect(sent).toEqual([{ jsonrpc: '2.0', id: 1, result: 'done' }])
  })

  test('C-50/C-52: $/cancel_request is told, other $/ notifications are ignored', () => {
    const { peer, told, sent, warnings } = openPeer('client')
    peer.receive(notification('$/progress', { a: 1 }))
    peer.receive(notification('$/cancel_request', { requestId: 4 }))
    expect(told).toEqual(['notification $/cancel_request'])
    expect(sent).toEqual([])
    expect(warnings).toEqual([])
  })

  test('X-42: fields nobody knows are in params and in the raw line', () => {
    const { peer, notifications } = openPeer('client')
    const line = notification('session/update', { sessionId: 's', future: { deep: [1] }, _meta: { x: 1 } })
    peer.receive(line)
    expect(notifications[0]?.raw).toBe(line)
    expect(notifications[0]?.params['future']).toEqual({ deep: [1] })
  })
})

describe('any line at all', () => {
  const member = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom<unknown>('2.0', 0, '0', null, 'm', { code: 1, message: 'x' }),
  )
  const messageLike = fc
    .record(
      { jsonrpc: member, id: member, method: member, params: member, result: member, error: member },
      { requiredKeys: [] },
    )
    .map((message) => JSON.stringify(message))
  const line = fc.oneof(messageLike, fc.json(), fc.string({ unit: 'binary' }))

  test('X-06: a client answers nothing but requests, and the next message is delivered', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 10 }), (lines) => {
        const { peer, sent, told, kinds } = openPeer('client')
        for (const each of lines) peer.receive(each)
        const asked = lines.filter((each) => {
          try {
            return /"method":"/.test(each) && 'id' in (JSON.parse(each) as object)
          } catch {
            return false
          }
        })
        expect(sent.length).toBeLessThanOrEqual(asked.length)
        expect(kinds()).not.toContain('handler_failed')
        peer.receive(notification('last'))
        expect(told.at(-1)).toBe('notification last')
      }),
      { numRuns: 1_000 },
    )
  })
})
