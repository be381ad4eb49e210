// One process as the gateway's logic has it, over a real socket: when it is told to be over, and when the keeper may forget it.

import { afterEach, beforeEach, expect, test } from 'vitest'

import { openKeeperPair, type KeeperPair } from '../../../test/_support/keeper-pair.ts'
import { createMemoryLeases, type MemoryLeases } from '../../../test/_support/memory-leases.ts'
import { manualClock } from '../../../test/_support/manual-clock.ts'
import { until } from '../../../test/_support/until.ts'
import { ProcessLeases } from '../../lease/process-leases.ts'
import { HostedProcess } from './hosted-process.ts'
import type { KeeperLink } from '../socket/keeper-link.ts'

let pair: KeeperPair
let link: KeeperLink
let store: MemoryLeases
let left: AbortController
beforeEach(async () => {
  pair = await openKeeperPair()
  link = await pair.connect()
  store = createMemoryLeases()
  left = new AbortController()
})
afterEach(async () => {
  left.abort()
  link.close()
  await pair[Symbol.asyncDispose]()
})

const when = (what: string, holds: () => boolean): Promise<void> => until(holds, { ms: 5_000, what: () => what })

interface Rig {
  readonly process: HostedProcess
  readonly events: string[]
  last(): number
}

async function openRig(isListening = true): Promise<Rig> {
  const events: string[] = []
  const leases = new ProcessLeases({ store, node: { id: 'n', epoch: 1, startedAt: 0 }, clock: manualClock() })
  const intent = { keeperNo: 7, sessionId: undefined, generation: 1, agent: 'a', argv: ['a'], bootId: '', tag: '' }
  const { id } = await leases.intend(intent)
  const order = {
    leaseId: id,
    sessionId: '',
    generation: 1,
    agent: 'a',
    argv: ['/bin/a'] as [string],
    env: {},
    cwd: '/',
  }
  const held = await link.spawn({ ...order, lineBytesMax: 1_000 })
  const process = new HostedProcess(held, leases.running(id, held), {
    leases,
    logger: undefined,
    stopMsMax: 5_000,
    left: left.signal,
    isRetiring: false,
    sweep: async () => (events.push('swept'), { swept: 0, survivors: [] }),
    onStopped: () => events.push('stopped'),
    onForgotten: () => events.push('forgotten'),
  })
  let last = 0
  if (isListening) {
    process.listen({
      onLines: ({ first, lines }) => (last = first + lines.length - 1),
      onOutputEnd: () => events.push('end'),
      onLineTooLong: () => events.push('too long'),
      onExit: ({ code }) => events.push(`exit ${code} after ${last}`),
      onInputLost: () => events.push('stalled'),
      onDisconnected: () => {},
    })
  }
  return { process, events, last: () => last }
}

test('it is forgotten when its last line is stored, and not before: the next life may need it', async () => {
  const { process, events } = await openRig()
  const child = pair.holder.children.get(process.leaseId)!
  child.stdout.write('one\ntwo\n')
  child.leave({ code: 0 })
  await when('the exit', () => events.includes('exit 0 after 2'))
  await process.stop()
  process.acknowledge(1)
  expect(events).not.toContain('forgotten')
  expect(store.rows.get(process.leaseId)).toMatchObject({ state: 'closed' })
  expect(pair.holder.find(process.leaseId)).toBeDefined()
  process.acknowledge(2)
  await when('it to be forgotten', () => pair.holder.find(process.leaseId) === undefined)
  expect(events).toContain('forgotten')
})

test('an exit is kept until its owner has stored what follows from it, also when no line came before it', async () => {
  const { process, events } = await openRig()
  pair.holder.children.get(process.leaseId)!.leave({ code: 1 })
  await when('its lease to close', () => store.rows.get(process.leaseId)?.state === 'closed')
  // Frames are in order: a `forget` that was sent would have arrived before this one is answered.
  await openRig(false)
  expect(events).toEqual(['exit 1 after 0', 'stopped'])
  expect(pair.holder.find(process.leaseId)?.exit).toEqual({ code: 1, signal: null })
  await process.stop()
  await when('it to be forgotten', () => pair.holder.find(process.leaseId) === undefined)
})

test('nobody listens: it is forgotten with its stop', async () => {
  const { process, events } = await openRig(false)
  pair.holder.children.get(process.leaseId)!.stdout.write('one\n')
  await process.stop()
  await when('it to be forgotten', () => pair.holder.find(process.leaseId) === undefined)
  expect(events).toEqual(['stopped', 'forgotten'])
})

test('a gateway that leaves forgets nothing that is not stored', async () => {
  const { process, events } = await openRig()
  const child = pair.holder.children.get(process.leaseId)!
  child.stdout.write('one\n')
  child.leave({ code: 0 })
  await when('the exit', () => events.includes('exit 0 after 1'))
  await process.stop()
  left.abort()
  link.close()
  await when('the keeper to see it', () => pair.events.includes('went'))
  expect(pair.holder.find(process.leaseId)?.exit).toEqual({ code: 0, signal: null })
  expect(events).not.toContain('forgotten')
})

test('an exit is told once, although the keeper is lost afterwards', async () => {
  const { process, events } = await openRig()
  const child = pair.holder.children.get(process.leaseId)!
  child.stdout.write('one\n')
  child.leave({ code: 3 })
  await when('the exit', () => events.includes('exit 3 after 1'))
  await pair[Symbol.asyncDispose]()
  await link.ended
  await process.stop()
  expect(events.filter((name) => name.startsWith('exit'))).toEqual(['exit 3 after 1'])
})

test('a process of another life is not stopped from here: no frame, no sweep, no step of its lease', async () => {
  const { process, events } = await openRig()
  await when('its lease', () => store.rows.get(process.leaseId)?.state === 'running')
  left.abort()
  expect(await process.stop()).toMatchObject({ survivors: [], exit: undefined })
  // Frames and steps of leases are in order: whatever had been sent is done with this one.
  await openRig(false)
  expect(events).toEqual([])
  expect(store.rows.get(process.leaseId)).toMatchObject({ state: 'running' })
  expect(pair.holder.children.get(process.leaseId)!.stdin.writableEnded).toBe(false)
})
