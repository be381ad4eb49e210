// A warm turn: from the prompt to its end at the client, one update in between, one after the other.

import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { inRounds, prompts } from './measure.ts'
import type { Plan } from './measure.ts'
import type { Row } from './result.ts'
import type { TurnBatch } from './side.ts'
import { median, quantile } from './stats.ts'

const TURNS = 400
const ACPX_TURNS = 2
const SYNCS = 200

interface Round {
  readonly floor: TurnBatch
  readonly holdfast: TurnBatch
  readonly acpx: TurnBatch | undefined
  readonly syncMs: number
}

export async function measureTurn({ world, rounds, acpx }: Plan): Promise<Row[]> {
  const turn = { text: 'turn', count: TURNS, updates: 1 }
  const { home } = await world.side('floor')
  const results = await inRounds(rounds, async () => ({
    floor: await prompts(world, 'floor', turn),
    holdfast: await prompts(world, world.main, turn),
    acpx: acpx ? await prompts(world, 'acpx', { ...turn, count: ACPX_TURNS }) : undefined,
    syncMs: syncMs(dirname(home)),
  }))
  return [
    { ...row(results, 'warm turn p50', (t) => quantile(ends(t), 0.5)), bar: atMost(5, 3) },
    {
      name: 'warm turn p50, floor with its two syncs',
      unit: 'ms',
      floor: median(results.map(({ floor, syncMs: ms }) => quantile(ends(floor), 0.5) + 2 * ms)),
      holdfast: median(results.map(({ holdfast }) => quantile(ends(holdfast), 0.5))),
      bar: atMost(5, 3),
      note: 'floor: bare client, and the two promises of a turn synced by themselves (ADR 11)',
    },
    row(results, 'warm turn p99', (t) => quantile(ends(t), 0.99)),
    row(results, 'first update p50', (t) => median(t.turns.map(({ firstMs }) => firstMs))),
    row(results, 'CPU per warm turn', ({ cpuMs, turns }) => cpuMs / turns.length),
    {
      name: 'write + fdatasync of 4 KiB p50',
      unit: 'ms',
      holdfast: median(results.map((round) => round.syncMs)),
      note: 'what one promise costs on this disk; a turn makes two',
    },
  ]
}

function atMost(limit: number, later: number): NonNullable<Row['bar']> {
  return { on: 'ratio', kind: 'at most', limit, later }
}

function ends({ turns }: TurnBatch): number[] {
  return turns.map(({ endMs }) => endMs)
}

function row(rounds: readonly Round[], name: string, valueOf: (batch: TurnBatch) => number): Row {
  const peers = rounds.flatMap(({ acpx }) => (acpx === undefined ? [] : [valueOf(acpx)]))
  return {
    name,
    unit: 'ms',
    floor: median(rounds.map(({ floor }) => valueOf(floor))),
    holdfast: median(rounds.map(({ holdfast }) => valueOf(holdfast))),
    ...(peers.length === 0 ? {} : { acpx: median(peers) }),
  }
}

/** Median of writes that are synced one by one, in a file of their own. */
function syncMs(directory: string): number {
  const file = join(directory, 'sync')
  const fd = openSync(file, 'w', 0o600)
  const page = Buffer.alloc(4096, 1)
  const times: number[] = []
  for (let i = 0; i < SYNCS; i++) {
    const from = performance.now()
    writeSync(fd, page)
    fdatasyncSync(fd)
    times.push(performance.now() - from)
  }
  closeSync(fd)
  rmSync(file)
  return median(times)
}
