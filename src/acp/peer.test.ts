// Our side of the conversation: ids, answers, order, waiting, closing. X-nn and C-nn: the protocol checklists.

import * as fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'

import type { Json } from '../base/json.ts'
import { JsonRpcPeer } from './peer.ts'
import type { PeerLimits, PeerWarning, RpcResult } from './peer.ts'

function openPeer(limits: Partial<PeerLimits> = {}, idPrefix?: string) {
  const lines: string[] = []
  const frameIds: (string | undefined)[] = []
  const told: string[] = []
  const warnings: PeerWarning[] = []
  const peer = new JsonRpcPeer({
    role: 'client',
    limits,
    ...(idPrefix !== undefined && { idPrefix }),
    send: (line, frameId) => {
      lines.push(line)
      frameIds.push(frameId)
    },
    handlers: {
      request: ({ id }) => told.push(`request ${JSON.stringify(id)}`),
      notification: ({ method }) => told.push(`notification ${method}`),
      warning: (warning) => warnings.push(warning),
    },
  })
  const tell =
    (name: string) =>
    (answer: RpcResult): void => {
      const text = answer.kind === 'result' ? JSON.stringify(answer.result) : answer.error.message
      told.push(`${name} ${answer.kind} ${text}`)
    }
  const answer = (id: Json, result: Json): void => peer.receive(JSON.stringify({ jsonrpc: '2.0', id, result }))
  const kinds = (): string[] => warnings.map(({ kind }) => kind)
  return { peer, lines, frameIds, told, tell, answer, warnings, kinds }
}

describe('our requests', () => {
  test('ids are integers, or strings of the caller; the frame is named by the id', () => {
    const { peer, lines, frameIds } = openPeer()
    expect(peer.request('a', { x: 1 }, () => {})).toBe(0)
    expect(peer.request('b', {}, () => {}, { id: 'turn_1' })).toBe('turn_1')
    expect(peer.request('c', {}, () => {})).toBe(1)
    peer.notify('n', {})
    expect(lines.map((line) => JSON.parse(line) as Json)).toEqual([
      { jsonrpc: '2.0', id: 0, method: 'a', params: { x: 1 } },
      { jsonrpc: '2.0', id: 'turn_1', method: 'b', params: {} },
      { jsonrpc: '2.0', id: 1, method: 'c', params: {} },
      { jsonrpc: '2.0', method: 'n', params: {} },
    ])
    expect(frameIds).toEqual(['0', 'turn_1', '1', undefined])
  })

  test('with a prefix no id of a connection before this one is used again', () => {
    const { peer, frameIds } = openPeer({}, 'l2.')
    expect([peer.request('a', {}, () => {}), peer.request('b', {}, () => {})]).toEqual(['l2.0', 'l2.1'])
    expect(frameIds).toEqual(['l2.0', 'l2.1'])
  })

  test('the answer to a request of an earlier connection is taken as if this one had sent it', () => {
    const { peer, lines, told, tell, answer } = openPeer()
    peer.expect('turn_1', tell('prompt'))
    answer('turn_1', 'done')
    expect([lines, told]).toEqual([[], ['prompt result "done"']])
    expect(() => ['turn_2', 'turn_2'].forEach((id) => peer.expect(id, () => {}))).toThrow('pending')
  })

  test('an id that is pending cannot be used again', () => {
    const { peer } = openPeer()
    peer.request('a', {}, () => {}, { id: 'turn_1' })
    expect(() => peer.request('a', {}, () => {}, { id: 'turn_1' })).toThrow('pending')
  })

  test('X-16: a result beside error null is a success, both non-null is an error', () => {
    const { peer, told, tell } = openPeer()
    peer.request('a', {}, tell('a'))
    peer.request('b', {}, tell('b'))
    peer.receive('{"jsonrpc":"2.0","id":0,"result":{"x":1},"error":null}')
    peer.receive('{"jsonrpc":"2.0","id":1,"result":{"x":1},"error":{"code":-1,"message":"no"}}')
    expect(told).toEqual(['a result {"x":1}', 'b error no'])
  })

  test('a null result is a result', () => {
    const { peer, told, tell, answer } = openPeer()
    peer.request('a', {}, tell('a'))
    answer(0, null)
    expect(told).toEqual(['a result null'])
  })

  test.each(['{"jsonrpc":"2.0","id":0}', '{"jsonrpc":"2.0","id":0,"error":null}'])(
    'X-17: an answer with neither result nor error fails the request: %s',
    (line) => {
      const { peer, told, tell, kinds } = openPeer()
      peer.request('a', {}, tell('a'))
      peer.receive(line)
      expect(told).toEqual(['a error The answer has neither a result nor an error.'])
      expect(kinds()).toEqual(['invalid_answer'])
    },
  )

  test.each<{ name: string; error: Json; code: number; message: string }>([
    { name: 'a code that is no integer', error: { code: 'E1', message: 'x' }, code: -32603, message: 'x' },
    { name: 'a code that is a fraction', error: { code: 1.5, message: 'x' }, code: -32603, message: 'x' },
    { name: 'no message', error: { code: 5 }, code: 5, message: 'The error has no message.' },
    { name: 'a text', error: 'broken', code: -32603, message: 'broken' },
    { name: 'an array', error: [1], code: -32603, message: 'The error has no message.' },
  ])('X-18: an error with $name is surfaced', ({ error, code, message }) => {
    const { peer } = openPeer()
    const seen: RpcResult[] = []
    peer.request('a', {}, (answer) => seen.push(answer))
    peer.receive(JSON.stringify({ jsonrpc: '2.0', id: 0, error }))
    expect(seen).toMatchObject([{ kind: 'error', error: { code, message, raw: error } }])
  })

  test('the data of an error is kept', () => {
    const { peer } = openPeer()
    const seen: RpcResult[] = []
    peer.request('a', {}, (answer) => seen.push(answer))
    peer.receive('{"jsonrpc":"2.0","id":0,"error":{"code":-32000,"message":"login","data":{"methods":["x"]}}}')
    expect(seen).toMatchObject([{ error: { code: -32000, data: { methods: ['x'] } } }])
  })

  test('X-19: "0" answers 0 and 7 answers "7", with a warning', () => {
    const { told, tell, answer, peer, kinds } = openPeer()
    peer.request('a', {}, tell('a'))
    peer.request('b', {}, tell('b'), { id: '7' })
    answer('0', 1)
    answer(7, 2)
    expect(told).toEqual(['a result 1', 'b result 2'])
    expect(kinds()).toEqual(['id_type_differs', 'id_type_differs'])
  })

  test('X-19: an id that only looks alike is not matched', () => {
    const { told, tell, answer, peer, kinds } = openPeer()
    peer.request('a', {}, tell('a'))
    for (const id of ['00', ' 0', '0.0', '', '0x0', 'turn_0']) answer(id, 1)
    expect(told).toEqual([])
    expect(kinds()).toEqual(Array.from({ length: 6 }, () => 'unknown_answer'))
  })

  test('X-20/X-21: unknown and repeated answers are dropped and counted', () => {
    const { peer, lines, told, tell, answer } = openPeer()
    peer.request('a', {}, tell('a'))
    answer(0, 'first')
    answer(0, 'second')
    answer(55, 'never asked')
    answer({}, 'no id')
    expect(told).toEqual(['a result "first"'])
    expect(peer.countOf('unknown_answer')).toBe(2)
    expect(peer.countOf('bad_id')).toBe(1)
    expect(lines).toHaveLength(1)
  })

  test('X-22: answers out of order find their requests', () => {
    const { peer, told, tell, answer } = openPeer()
    for (const name of ['a', 'b', 'c']) peer.request(name, {}, tell(name))
    for (const id of [2, 0, 1]) answer(id, id)
    expect(told).toEqual(['c result 2', 'a result 0', 'b result 1'])
  })

  test('X-23: an error with id null is counted and never answered', () => {
    for (const role of ['client', 'agent'] as const) {
      const lines: string[] = []
      const handlers = { request: () => {}, notification: () => {}, warning: () => {} }
      const peer = new JsonRpcPeer({ role, send: (line) => lines.push(line), handlers })
      peer.receive('{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}')
      peer.receive('{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"}}')
      expect(lines).toEqual([])
      expect(peer.countOf('peer_error')).toBe(2)
    }
  })

  test('X-23: two peers that get rubbish from each other fall silent', () => {
    let count = 0
    const handlers = { request: () => {}, notification: () => {}, warning: () => {} }
    const left: JsonRpcPeer = new JsonRpcPeer({ role: 'agent', handlers, send: (line) => cross(right, line) })
    const right: JsonRpcPeer = new JsonRpcPeer({ role: 'agent', handlers, send: (line) => cross(left, line) })
    function cross(to: JsonRpcPeer, line: string): void {
      if (++count < 100) to.receive(line)
    }
    left.receive('rubbish')
    left.receive('[]')
    left.receive('{"jsonrpc":"2.0","id":4}')
    expect(count).toBe(3)
  })

  test('X-29: a callback that throws does not stop the reader', () => {
    const { peer, told, tell, answer, kinds } = openPeer()
    peer.request('a', {}, () => {
      throw new Error('ours')
    })
    peer.request('b', {}, tell('b'))
    answer(0, 1)
    answer(1, 2)
    expect(told).toEqual(['b result 2'])
    expect(kinds()).toEqual(['handler_failed'])
  })

  test('X-31: separators and lone surrogates stay on one line and survive', () => {
    const { peer, lines } = openPeer()
    const text = 'a\u2028b\u2029c\u0085d\ud800e\nf\u0000'
    peer.notify('n', { text })
    expect(lines[0]).toMatch(/^[ -~]+$/)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ params: { text } })
  })

  test('requests beyond the limit fail, without a line and not from inside the call', async () => {
    const { peer, lines, told, tell, answer } = openPeer({ pendingMax: 2 })
    for (const name of ['a', 'b', 'c']) peer.request(name, {}, tell(name))
    expect(told).toEqual([])
    await Promise.resolve()
    expect(told).toEqual(['c error Too many requests wait for an answer.'])
    expect(lines).toHaveLength(2)
    answer(0, 1)
    peer.request('d', {}, tell('d'))
    expect(lines).toHaveLength(3)
  })

  test('C-49: a cancel request names a pending request only, and its answer still counts', () => {
    const { peer, lines, told, tell, answer } = openPeer()
    peer.request('a', {}, tell('a'), { id: 'turn_1' })
    peer.cancelRequest('turn_1')
    peer.cancelRequest('turn_2')
    expect(lines.slice(1).map((line) => JSON.parse(line) as Json)).toEqual([
      { jsonrpc: '2.0', method: '$/cancel_request', params: { requestId: 'turn_1' } },
    ])
    answer('turn_1', 'late')
    expect(told).toEqual(['a result "late"'])
  })
})

describe('order', () => {
  test('X-39/C-39: updates, a permission request and the answer of one read are told in wire order, before receive returns', () => {
    const { peer, told, tell } = openPeer()
    peer.request('session/prompt', {}, tell('prompt'))
    const wire = [
      '{"jsonrpc":"2.0","method":"u1","params":{}}',
      '{"jsonrpc":"2.0","method":"u2","params":{}}',
      '{"jsonrpc":"2.0","id":9,"method":"session/request_permission","params":{}}',
      '{"jsonrpc":"2.0","method":"u3","params":{}}',
      '{"jsonrpc":"2.0","id":0,"result":{}}',
      '{"jsonrpc":"2.0","method":"late","params":{}}',
    ]
    for (const line of wire) peer.receive(line)
    expect(told).toEqual([
      'notification u1',
      'notification u2',
      'request 9',
      'notification u3',
      'prompt result {}',
      'notification late',
    ])
  })

  test('X-39: any mix is told in wire order', () => {
    const step = fc.constantFrom('request', 'notification', 'answer', 'rubbish')
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { peer, told, tell } = openPeer({ inFlightMax: 100 })
        const expected: string[] = []
        steps.forEach((kind, i) => {
          if (kind === 'answer') peer.request('m', {}, tell(`${i}`), { id: `${i}` })
        })
        steps.forEach((kind, i) => {
          if (kind === 'request') peer.receive(`{"jsonrpc":"2.0","id":${i},"method":"m"}`)
          if (kind === 'notification') peer.receive(`{"jsonrpc":"2.0","method":"n${i}"}`)
          if (kind === 'answer') peer.receive(`{"jsonrpc":"2.0","id":"${i}","result":${i}}`)
          if (kind === 'rubbish') peer.receive('<html>')
          if (kind === 'request') expected.push(`request ${i}`)
          if (kind === 'notification') expected.push(`notification n${i}`)
          if (kind === 'answer') expected.push(`${i} result ${i}`)
        })
        expect(told).toEqual(expected)
      }),
    )
  })
})

describe('call', () => {
  test('resolves with the result', async () => {
    const { peer, answer } = openPeer()
    const called = peer.call('initialize', {}, { ms: 1_000, stage: 'initialize' })
    answer(0, { protocolVersion: 1 })
    await expect(called).resolves.toEqual({ protocolVersion: 1 })
  })

  test("rejects with the other side's error", async () => {
    const { peer } = openPeer()
    const called = peer.call('session/new', {}, { ms: 1_000, stage: 'session/new' })
    peer.receive('{"jsonrpc":"2.0","id":0,"error":{"code":-32000,"message":"login"}}')
    await expect(called).rejects.toMatchObject({ name: 'RpcError', code: -32000 })
  })

  test('C-53: an answer after the deadline is drained silently, a second one is counted', async () => {
    vi.useFakeTimers()
    try {
      const { peer, answer, warnings } = openPeer()
      const failed = peer.call('initialize', {}, { ms: 50, stage: 'initialize' }).catch((error: unknown) => error)
      await vi.advanceTimersByTimeAsync(50)
      expect(await failed).toMatchObject({ code: 'DEADLINE', details: { stage: 'initialize' } })
      answer(0, {})
      expect(warnings).toEqual([])
      answer(0, {})
      expect(peer.countOf('unknown_answer')).toBe(1)
    } finally {
      vi.useRealTimers()
    }
  })

  test('an abort rejects with CANCELLED; one that came before sends nothing', async () => {
    const { peer, lines } = openPeer()
    const abort = new AbortController()
    const called = peer.call('a', {}, { ms: 1_000, stage: 'a', signal: abort.signal })
    abort.abort()
    await expect(called).rejects.toMatchObject({ code: 'CANCELLED' })
    await expect(peer.call('b', {}, { ms: 1_000, stage: 'b', signal: abort.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    })
    expect(lines).toHaveLength(1)
  })

  test('requests that were given up do not use up the limit', async () => {
    const { peer, lines } = openPeer({ pendingMax: 2 })
    const abort = new AbortController()
    const options = { ms: 1_000, stage: 'x', signal: abort.signal }
    const calls = Promise.allSettled([peer.call('a', {}, options), peer.call('b', {}, options)])
    abort.abort()
    await calls
    for (let i = 0; i < 2; i++) peer.request('c', {}, () => {})
    expect(lines).toHaveLength(4)
  })
})

describe('close', () => {
  test('X-33: fails what waits in the order of the requests, once, with the first reason', async () => {
    const { peer, told, tell, lines, answer } = openPeer()
    for (const name of ['a', 'b', 'c']) peer.request(name, {}, tell(name))
    answer(1, 'in time')
    peer.receive('{"jsonrpc":"2.0","id":5,"method":"m"}')
    peer.close(new Error('the agent exited'))
    peer.close(new Error('second'))
    answer(0, 'late')
    peer.receive('{"jsonrpc":"2.0","method":"n"}')
    peer.respond(5, {})
    peer.notify('n', {})
    peer.request('d', {}, tell('d'))
    expect(told).toEqual(['b result "in time"', 'request 5', 'a closed the agent exited', 'c closed the agent exited'])
    await Promise.resolve()
    expect(told.at(-1)).toBe('d closed the agent exited')
    expect(lines).toHaveLength(3)
  })

  test('a call that waits rejects with the reason', async () => {
    const { peer } = openPeer()
    const reason = new Error('gone')
    const called = peer.call('a', {}, { ms: 1_000, stage: 'a' })
    peer.close(reason)
    await expect(called).rejects.toBe(reason)
  })

  test('a callback that closes the peer in the middle of a read ends the telling', () => {
    const { peer, told } = openPeer()
    peer.request('a', {}, () => peer.close(new Error('enough')))
    peer.receive('{"jsonrpc":"2.0","id":0,"result":null}')
    peer.receive('{"jsonrpc":"2.0","method":"n"}')
    expect(told).toEqual([])
  })
})

describe('requests of the other side, on lines with numbers', () => {
  const asked = (id: Json): string => JSON.stringify({ jsonrpc: '2.0', id, method: 'ask', params: {} })

  test('an answer is the frame of its line, whether it is a result or an error, given now or later', () => {
    const { peer, frameIds } = openPeer({ inFlightMax: 2 })
    for (const [i, id] of ['x', 'y', 'z'].entries()) peer.receive(asked(id), 10 + i)
    peer.respond('y', {})
    peer.respondError('x', { code: -1, message: 'no' })
    expect(frameIds).toEqual(['a12', 'a11', 'a10']) // z is over the limit
  })

  test('one that was restored is answered as before; its line, read again, is no second request', () => {
    const { peer, told, lines, frameIds, kinds } = openPeer()
    peer.restore('x', 10)
    peer.receive(asked('x'), 10)
    expect([told, lines, kinds()]).toEqual([[], [], []])
    peer.receive(asked('x'), 11)
    expect([frameIds, kinds()]).toEqual([['a11'], ['duplicate_request']])
    peer.respond('x', {})
    expect(frameIds).toEqual(['a11', 'a10'])
  })
})
