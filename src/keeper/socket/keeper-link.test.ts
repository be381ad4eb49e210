// The keeper's socket, both ends: who is let in and who is told to go, and what a gateway learns when the other end is gone.

import { chmodSync, chownSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { openKeeperPair, type KeeperPair, type Knock } from '../../../test/_support/keeper-pair.ts'
import { manualClock } from '../../../test/_support/manual-clock.ts'
import { until } from '../../../test/_support/until.ts'
import type { ProcessExit, StopReport } from '../agent-host.ts'
import { decodeJsonBody, encodeFrame, encodeJson, FRAME, HELLO_BYTES_MAX } from './frames.ts'
import type { HeldReader, SpawnOrder } from '../holder.ts'
import { connectKeeper } from './connect-keeper.ts'

const when = (what: string, holds: () => boolean): Promise<void> => until(holds, { ms: 5_000, what: () => what })

function orderOf(leaseId: number): SpawnOrder {
  const label = { sessionId: 'ses_1', generation: 3, agent: 'a' }
  return { ...label, leaseId, argv: ['/bin/a'], env: {}, cwd: '/', lineBytesMax: 1_000 }
}

function createReader(): HeldReader & { readonly events: string[]; bytes: string } {
  const events: string[] = []
  const reader = {
    events,
    bytes: '',
    onLines: ({ bytes }: { bytes: Buffer }) => void (reader.bytes += String(bytes)),
    onOutputEnd: (why: string) => events.push(why),
    onExit: ({ code }: ProcessExit) => events.push(`exit ${code}`),
    onInputLost: (why: string) => events.push(`input ${why}`),
    onStopped: ({ survivors }: StopReport) => events.push(`stopped ${survivors.length}`),
    onLost: () => events.push('lost'),
  }
  return reader
}

/** What a refused stranger was told. */
async function refusalOf({ frames, closed }: Knock): Promise<Record<string, unknown>> {
  await closed
  expect(frames.map(({ kind }) => kind)).toEqual([FRAME.refused])
  return decodeJsonBody(frames[0]!.body)
}

describe('who is let in', () => {
  let pair: KeeperPair
  beforeEach(async () => void (pair = await openKeeperPair()))
  afterEach(() => pair[Symbol.asyncDispose]())

  test('the secret opens; what is held is told with its label', async () => {
    await pair.holder.spawn(orderOf(5))
    pair.holder.find(5)!.send('x', 'f1')
    const link = await pair.connect()
    expect(pair.events).toEqual(['came'])
    expect(link).toMatchObject({ keeperNo: 7, version: '1', pid: 2 ** 22 + 2 })
    const [held] = link.held()
    expect(held).toMatchObject({ leaseId: 5, label: { sessionId: 'ses_1', generation: 3, agent: 'a' } })
    expect([held?.wasWritten('f1'), held?.wasWritten('f2')]).toEqual([true, false])
    link.close()
    await when('it to be seen', () => pair.events.includes('went'))
  })

  test('what is flushed is read by the keeper although the gateway is gone; without a keeper nobody knows', async () => {
    await pair.holder.spawn(orderOf(5))
    const link = await pair.connect()
    const [held] = link.held()
    held!.send('x', 'f9')
    expect(await held!.flushed()).toBe(true)
    link.close()
    await when('it to be read', () => pair.holder.find(5)!.wasWritten('f9'))
    await when('it to be seen', () => pair.events.includes('went'))
    expect(await held!.flushed()).toBe(false)
  })

  test.each([
    ['a wrong secret', { secret: 'a secreT' }],
    ['a secret of another length', { secret: '' }],
    ['another protocol', { protocol: 2 }],
    ['no epoch', { nodeEpoch: undefined }],
    ['a hello of more than 4 KiB', { secret: 'x'.repeat(HELLO_BYTES_MAX) }],
  ])('%s is refused, and the gateway that is there stays', async (_, hello) => {
    const link = await pair.connect()
    const knock = pair.knock()
    knock.hello(hello)
    expect(await refusalOf(knock)).toMatchObject({ code: 'KEEPER_PROTOCOL_ERROR' })
    expect(pair.events).toEqual(['came'])
    link.close()
  })

  test('whoever begins with anything but hello is refused, and what follows is not done', async () => {
    await pair.holder.spawn(orderOf(5))
    const knock = pair.knock()
    for (const bytes of encodeFrame(FRAME.killNow, 0)) knock.socket.write(bytes)
    for (const bytes of encodeFrame(FRAME.stop, 5)) knock.socket.write(bytes)
    expect(await refusalOf(knock)).toMatchObject({ code: 'KEEPER_PROTOCOL_ERROR' })
    expect(pair.holder.isKilled).toBe(false)
    expect(pair.holder.children.get(5)!.stdin.writableEnded).toBe(false)
  })

  test('a stranger that says nothing is sent away after 5 s; the ninth is not even listened to', async () => {
    const silent = Array.from({ length: 8 }, () => pair.knock())
    await when('eight strangers', () => pair.clock.waiting() === 8)
    await pair.knock().closed
    pair.clock.advance(4_999)
    pair.clock.advance(1)
    for (const knock of silent) expect(await refusalOf(knock)).toMatchObject({ code: 'KEEPER_PROTOCOL_ERROR' })
    const link = await pair.connect()
    link.close()
  })

  test('a gateway that was let in may be silent for as long as it likes', async () => {
    const link = await pair.connect()
    pair.clock.advance(60_000)
    expect((await link.spawn(orderOf(1))).leaseId).toBe(1)
    link.close()
  })

  test('an older life of the gateway is refused after a newer one, also when that one has gone', async () => {
    const link = await pair.connect({ nodeEpoch: 5 })
    link.close()
    await when('it to be seen', () => pair.events.includes('went'))
    await expect(pair.connect({ nodeEpoch: 4 })).rejects.toMatchObject({ code: 'KEEPER_PROTOCOL_ERROR' })
    expect(pair.events).toEqual(['came', 'went'])
  })

  test('a newer life replaces the older one: that one is told so, and its agents live on with the new one', async () => {
    const told: boolean[] = []
    const old = await pair.connect({ nodeEpoch: 4, onLost: (isSuperseded) => told.push(isSuperseded) })
    const reader = createReader()
    const held = await old.spawn(orderOf(5))
    held.read(reader)
    const fresh = await pair.connect({ nodeEpoch: 5 })
    await old.ended
    expect(told).toEqual([true])
    expect(reader.events).toEqual([])
    void held.stop()
    held.send('x', undefined)
    const next = createReader()
    fresh.held()[0]!.read(next)
    pair.holder.children.get(5)!.stdout.write('hello\n')
    await when('its line', () => next.bytes === 'hello\n')
    expect(next.events).toEqual([])
    expect(reader.bytes).toBe('')
    expect(pair.events).toEqual(['came', 'came'])
    fresh.close()
  })

  test('a second connection of the same life replaces the first', async () => {
    const told: boolean[] = []
    const first = await pair.connect({ onLost: (isSuperseded) => told.push(isSuperseded) })
    const second = await pair.connect()
    await first.ended
    expect(told).toEqual([true])
    expect((await second.spawn(orderOf(1))).leaseId).toBe(1)
    second.close()
  })
})

test('who leaves has had everything read, whoever connects next', async () => {
  await using pair = await openKeeperPair()
  for (let life = 1; life <= 20; life++) {
    const link = await pair.connect({ nodeEpoch: life })
    const held = link.held()[0] ?? (await link.spawn(orderOf(5)))
    for (let i = 0; i < 100; i++) held.send('x'.repeat(500), `f${life}.${i}`)
    const left = link.leave()
    held.send('too late', `late${life}`)
    await left
    expect(pair.holder.find(5)!.frames.at(-1)).toBe(`f${life}.99`)
    expect(pair.events.at(-1)).toBe('went')
  }
})

describe('spawns that nobody waits for', () => {
  test('one that began under an earlier gateway and is ready under the next is stopped and forgotten', async () => {
    await using pair = await openKeeperPair()
    const open = Promise.withResolvers<void>()
    pair.holder.gate = open.promise
    const first = await pair.connect({ nodeEpoch: 1 })
    first.spawn(orderOf(5)).catch(() => {})
    await first.spawn({ ...orderOf(6), argv: [] as never }).catch(() => {})
    first.close()
    const second = await pair.connect({ nodeEpoch: 2 })
    expect(second.held()).toEqual([])
    open.resolve()
    await when('it to be stopped and forgotten', () => pair.holder.children.has(5) && pair.holder.held().length === 0)
    expect(pair.holder.children.get(5)!.exit()).toEqual({ code: 0, signal: null })
    await when('both sides to forget it', () => second.held().length === 0)
    second.close()
  })

  test('one that is ready while nobody is there is kept for who comes', async () => {
    await using pair = await openKeeperPair()
    const open = Promise.withResolvers<void>()
    pair.holder.gate = open.promise
    const first = await pair.connect()
    first.spawn(orderOf(5)).catch(() => {})
    await first.spawn({ ...orderOf(6), argv: [] as never }).catch(() => {})
    first.close()
    await when('it to be seen', () => pair.events.includes('went'))
    open.resolve()
    await when('the process', () => pair.holder.held().length === 1)
    const second = await pair.connect()
    expect(second.held().map(({ leaseId, label }) => [leaseId, label.sessionId])).toEqual([[5, 'ses_1']])
    second.close()
  })
})

test('X-32 an agent that closes its stdin and lives on is told through the keeper', async () => {
  await using pair = await openKeeperPair()
  const link = await pair.connect()
  const reader = createReader()
  const held = await link.spawn(orderOf(1))
  held.read(reader)
  const { stdin } = pair.holder.children.get(1)!
  const closed = new Promise((resolve) => stdin.once('close', resolve))
  stdin.destroy(Object.assign(new Error('broken'), { code: 'EPIPE' }))
  await closed
  pair.clock.advance(50)
  await when('it to be told', () => reader.events.length > 0)
  expect(reader.events).toEqual(['input closed'])
  link.close()
})

describe('a keeper that is gone or hangs', () => {
  test('every reader is told once, and every spawn that waits is refused', async () => {
    const pair = await openKeeperPair()
    const told: boolean[] = []
    const link = await pair.connect({ onLost: (isSuperseded) => told.push(isSuperseded) })
    const reader = createReader()
    const held = await link.spawn(orderOf(1))
    held.read(reader)
    pair.holder.gate = new Promise(() => {})
    const refused = link.spawn(orderOf(2)).catch((error: unknown) => error)
    await pair[Symbol.asyncDispose]()
    expect(await refused).toMatchObject({ code: 'KEEPER_UNAVAILABLE' })
    await link.ended
    expect(told).toEqual([false])
    expect(reader.events).toEqual(['lost'])
    await expect(link.spawn(orderOf(3))).rejects.toMatchObject({ code: 'KEEPER_UNAVAILABLE' })
  })

  test('six pings without an answer: it counts as hung', async () => {
    await using pair = await openKeeperPair()
    const clock = manualClock()
    const told: boolean[] = []
    const link = await pair.connect({ clock, onLost: (isSuperseded) => told.push(isSuperseded) })
    // Nothing is read from the socket in between: the same as a keeper that says nothing.
    for (let i = 0; i < 7; i++) clock.advance(10_000)
    await link.ended
    expect(told).toEqual([false])
  })

  test('an answer in between, and the count begins again', async () => {
    await using pair = await openKeeperPair()
    const clock = manualClock()
    const link = await pair.connect({ clock, onLost: () => expect.fail('it was there all the time') })
    for (let i = 1; i <= 10; i++) {
      clock.advance(10_000)
      expect((await link.spawn(orderOf(i))).leaseId).toBe(i)
    }
    link.close()
  })

  test('a gateway that was asleep itself asks again before it judges', async () => {
    await using pair = await openKeeperPair()
    const clock = manualClock()
    const link = await pair.connect({ clock, onLost: () => expect.fail('it was there all the time') })
    clock.advance(10_000)
    // Answers come in order: the pong is here with this one.
    await link.spawn(orderOf(1))
    // The machine sleeps for an hour; its one timer fires late, before anything is read from the socket.
    clock.sleep(3_600_000)
    expect((await link.spawn(orderOf(2))).leaseId).toBe(2)
    link.close()
  })
})

describe('a socket that others may reach', () => {
  const isRoot = process.getuid?.() === 0
  let directory: string
  beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'hf-door-'))))
  afterEach(() => rmSync(directory, { recursive: true, force: true }))

  test.each([
    ['a socket of a wider mode', (): void => chmodSync(socketPath(), 0o660), true],
    ['a directory of a wider mode', (): void => chmodSync(directory, 0o755), true],
    ['a socket of another owner', (): void => chownSync(socketPath(), 65_534, 65_534), isRoot],
    ['a directory of another owner', (): void => chownSync(directory, 65_534, 65_534), isRoot],
  ])('%s is refused with STATE_DIR_UNSAFE, and nothing is connected to', async (_, spoil, isPossible) => {
    if (!isPossible) return
    const { connections, close } = await listenAt(socketPath())
    spoil()
    await expect(connectTo(socketPath())).rejects.toMatchObject({ code: 'STATE_DIR_UNSAFE' })
    expect(connections()).toBe(0)
    await close()
  })

  test('a link to a socket, and a file, are refused with STATE_DIR_UNSAFE', async () => {
    const { connections, close } = await listenAt(socketPath())
    const link = join(directory, 'link.sock')
    symlinkSync(socketPath(), link)
    await expect(connectTo(link)).rejects.toMatchObject({ code: 'STATE_DIR_UNSAFE' })
    const file = join(directory, 'file.sock')
    writeFileSync(file, '', { mode: 0o600 })
    await expect(connectTo(file)).rejects.toMatchObject({ code: 'STATE_DIR_UNSAFE' })
    expect(connections()).toBe(0)
    await close()
  })

  test('a directory that is a link is refused with STATE_DIR_UNSAFE', async () => {
    const { connections, close } = await listenAt(socketPath())
    const link = `${directory}-link`
    symlinkSync(directory, link)
    await expect(connectTo(join(link, 'k.sock'))).rejects.toMatchObject({ code: 'STATE_DIR_UNSAFE' })
    rmSync(link)
    expect(connections()).toBe(0)
    await close()
  })

  test('no socket, and one that nobody listens on, are KEEPER_UNAVAILABLE', async () => {
    await expect(connectTo(socketPath())).rejects.toMatchObject({ code: 'KEEPER_UNAVAILABLE' })
  })

  function socketPath(): string {
    return join(directory, 'k.sock')
  }

  function connectTo(socket: string): Promise<unknown> {
    const ports = { clock: manualClock(), logger: undefined, onLost: () => {} }
    return connectKeeper({ socket, secret: 's', nodeEpoch: 1 }, ports)
  }
})

async function listenAt(path: string): Promise<{ connections: () => number; close: () => Promise<void> }> {
  let count = 0
  const server = createServer((socket) => {
    count++
    for (const bytes of encodeJson(FRAME.refused, 0, { code: 'KEEPER_PROTOCOL_ERROR' })) socket.write(bytes)
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  chmodSync(path, 0o600)
  return { connections: () => count, close: () => new Promise((resolve) => server.close(() => resolve())) }
}
