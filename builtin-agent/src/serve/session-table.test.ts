// Opening and closing one session from several requests at once.

import { expect, test } from 'vitest'

import { systemClock } from '../../../src/base/clock.ts'
import { TestTranscripts } from '../../../test/_support/test-transcripts.ts'
import { Children } from '../children.ts'
import { narrowAbilities } from '../client/client.ts'
import { openCatalog } from '../models/catalog.ts'
import { RunRegistry } from '../runs/run-registry.ts'
import { readSettings } from '../settings.ts'
import { Roots } from '../tools/roots.ts'
import type { Transcript, TranscriptId, TranscriptStore } from '../transcript/port.ts'
import { SessionTable } from './session-table.ts'

const CLIENT = { abilities: narrowAbilities(undefined), update: () => {}, call: () => new Promise<never>(() => {}) }

/** A table on a store that remembers what it has opened. */
async function openTable(world: TestTranscripts) {
  const opened: Transcript[] = []
  const store = new Proxy<TranscriptStore>(world.store, {
    get: (target, name) => {
      const own = Reflect.get(target, name, target) as unknown
      if (name !== 'open') return typeof own === 'function' ? (own.bind(target) as unknown) : own
      return async (id: TranscriptId) => {
        const transcript = await target.open(id)
        opened.push(transcript)
        return transcript
      }
    },
  })
  const settings = readSettings({ HOLDFAST_AGENT_STATE: world.directory })
  const runs = new RunRegistry(systemClock.now)
  const table = new SessionTable({ store, catalog: openCatalog(settings), settings, runs, children: new Children() })
  const surroundings = { roots: await Roots.open(world.directory, []), servers: [] }
  const { id } = await world.store.create({ cwd: world.directory })
  return { table, opened, runs, reopen: () => table.reopen(CLIENT, id, surroundings), id }
}

test('two that open one session at once have the same one in the end, and the other is closed', async () => {
  await using world = new TestTranscripts()
  const { table, opened, reopen, id } = await openTable(world)
  const [, second] = await Promise.all([reopen(), reopen()])
  expect(table.get(id)).toBe(second)
  await expect(async () => opened[0]!.annotate([])).rejects.toThrow('closed')
  await opened[1]!.annotate([])
})

test('a delete behind an open leaves nothing open', async () => {
  await using world = new TestTranscripts()
  const { table, opened, reopen, id } = await openTable(world)
  await Promise.all([reopen(), table.delete(id)])
  expect(table.find(id)).toBeUndefined()
  await expect(async () => opened[0]!.annotate([])).rejects.toThrow('closed')
  await expect(reopen()).rejects.toMatchObject({ code: 'TRANSCRIPT_NOT_FOUND' })
})

test('a session in which a turn runs is not opened anew, and its turn goes on', async () => {
  await using world = new TestTranscripts()
  const { table, runs, reopen, id } = await openTable(world)
  const session = await reopen()
  const aborted: string[] = []
  using run = runs.register(id, { abort: (reason) => aborted.push(reason) })
  await expect(reopen()).rejects.toMatchObject({ body: { code: -32600 } })
  expect(aborted).toEqual([])
  run.clear()
  expect(await reopen()).not.toBe(session)
  expect(table.get(id)).not.toBe(session)
})
