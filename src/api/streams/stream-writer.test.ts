import type { ServerResponse } from 'node:http'
import { Writable } from 'node:stream'
import { expect, test } from 'vitest'

import type { EventStream } from '../../events/event-log.ts'
import { EventFrames } from './event-frames.ts'
import type { EventBatch } from './event-frames.ts'
import { StreamWriter } from './stream-writer.ts'

/** A socket that takes a chunk only when the test says so. */
class Socket extends Writable {
  readonly taken: string[] = []
  #take: (() => void) | undefined

  constructor() {
    super({ highWaterMark: 16 * 1024 })
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#take = () => {
      this.taken.push(chunk.toString())
      done()
    }
  }

  /** False when nothing waits. */
  take(): boolean {
    const take = this.#take
    this.#take = undefined
    take?.()
    return take !== undefined
  }
}

/** `count` batches of about `bytes`; counts how many were pulled. */
function batches(count: number, bytes: number) {
  const facts = { pulled: 0, isDisposed: false }
  const stream: EventStream = {
    async *[Symbol.asyncIterator](): AsyncGenerator<EventBatch> {
      while (facts.pulled < count && !facts.isDisposed) {
        facts.pulled += 1
        const data = JSON.stringify('x'.repeat(bytes))
        yield [{ seq: facts.pulled, type: 'update', turnId: undefined, at: 0, data }]
      }
    },
    finish: () => void (count = facts.pulled),
    [Symbol.dispose]: () => void (facts.isDisposed = true),
  }
  return { stream, facts }
}

function start(count: number, bytes: number, stallMs = 5_000) {
  const socket = new Socket()
  const { stream, facts } = batches(count, bytes)
  const writer = new StreamWriter(socket as unknown as ServerResponse, stream, stallMs)
  return { socket, facts, writer, done: writer.run('hello\n\n', new EventFrames()) }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('a socket that is full is not written to, and nothing more is pulled from the log', async () => {
  const { socket, facts, done } = start(100, 200 * 1024)
  for (let i = 0; i < 50; i++) await settled()
  expect(facts.pulled).toBe(1)
  expect(socket.writableLength).toBeLessThan(100 * 1024)
  let most = 0
  while (!socket.destroyed && facts.pulled <= 100) {
    most = Math.max(most, socket.writableLength)
    if (!socket.take()) await settled()
  }
  await done
  expect([facts.pulled, socket.taken.join('').match(/^id: /gm)?.length]).toEqual([100, 100])
  expect(most).toBeLessThan(100 * 1024)
})

test('a reader that takes nothing for the stall time is cut', async () => {
  const { socket, facts, done } = start(100, 200 * 1024, 20)
  await done
  expect([socket.destroyed, facts.isDisposed, facts.pulled]).toEqual([true, true, 1])
})

test('a reader that takes a little now and then is not cut', async () => {
  const { socket, done } = start(2, 400 * 1024, 200)
  const taker = setInterval(() => socket.take(), 60)
  await done
  clearInterval(taker)
  expect(socket.taken.join('')).toContain('id: 2\n')
}, 15_000)

test('a client that leaves ends the writing and frees the stream', async () => {
  const { socket, facts, done } = start(100, 200 * 1024)
  await settled()
  socket.destroy()
  await done
  expect(facts.isDisposed).toBe(true)
})

test('a heartbeat is left out while the socket is full', async () => {
  const { socket, writer, done } = start(1, 200 * 1024)
  await settled()
  const before = socket.writableLength
  writer.beat()
  expect(socket.writableLength).toBe(before)
  socket.destroy()
  await done
})

test('an end that was asked for comes after what is being written', async () => {
  const { socket, writer, done } = start(5, 100)
  writer.end('gateway_stopping')
  while (!socket.writableFinished) if (!socket.take()) await settled()
  await done
  expect(socket.taken.at(-1)).toBe('event: end\ndata: {"reason":"gateway_stopping"}\n\n')
})

test('a frame that is not of the stream comes between two of its frames, never into one', async () => {
  const { socket, writer, done } = start(2, 200 * 1024)
  await settled()
  writer.tell('event: gateway\n\n')
  while (!socket.destroyed) if (!socket.take()) await settled()
  await done
  const text = socket.taken.join('').replaceAll(/x{9,}/g, 'x')
  expect([...text.matchAll(/^event: (\w+)$/gm)].map((match) => match[1])).toEqual(['update', 'gateway', 'update'])
  expect(text).not.toContain('xevent')
})

test('a stream that is to finish hands out what it has, then its end', async () => {
  const { socket, writer, done } = start(3, 100)
  writer.tell('event: gateway\n\n')
  writer.finish('gateway_restarting')
  while (!socket.writableFinished) if (!socket.take()) await settled()
  await done
  const names = [...socket.taken.join('').matchAll(/^event: (\w+)$/gm)].map((match) => match[1])
  expect([names.slice(0, 1), names.at(-1)]).toEqual([['gateway'], 'end'])
  expect(socket.taken.at(-1)).toBe('event: end\ndata: {"reason":"gateway_restarting"}\n\n')
})
