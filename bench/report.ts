// Runs measures and says what came out, as a table or as JSON. A run that breaks rejects; a bar that is missed does not.

import { cpus, loadavg, release, totalmem } from 'node:os'

import type { BenchArgs } from './args.ts'
import type { Measure } from './measure.ts'
import { judge } from './result.ts'
import type { JudgedRow } from './result.ts'
import type { SideName } from './side-process.ts'
import { renderTable } from './table.ts'
import { World } from './world.ts'

export interface ReportOptions {
  readonly measures: readonly Measure[]
  /** The side that stands for Holdfast. */
  readonly main: SideName
  readonly args: BenchArgs
}

export async function report({ measures, main, args }: ReportOptions): Promise<void> {
  const chosen = measures.filter(({ name }) => args.only === undefined || args.only === name)
  if (chosen.length === 0) throw new Error(`--only is one of ${measures.map(({ name }) => name).join(', ')}`)
  const from = performance.now()
  const rows = await measureAll(chosen, main, args)
  const seconds = Math.round((performance.now() - from) / 1000)
  const machine = {
    node: process.version,
    cpus: cpus().length,
    cpu: cpus()[0]?.model,
    kernel: release(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    load: loadavg()[0],
    seconds,
    rounds: args.rounds,
  }
  if (args.json) return void process.stdout.write(`${JSON.stringify({ machine, rows }, null, 2)}\n`)
  const { node, cpu, load = 0 } = machine
  const head = `Holdfast (${main}) beside a bare ndjson client; medians of ${args.rounds} interleaved rounds, ${seconds} s`
  process.stdout.write(
    `${head}\n${node}, ${machine.cpus} x ${cpu}, load ${load.toFixed(1)}${load > machine.cpus ? ' (busy: what waits for the disk also waits for a processor)' : ''}\n\n${renderTable(rows)}\n`,
  )
}

async function measureAll(measures: readonly Measure[], main: SideName, args: BenchArgs): Promise<JudgedRow[]> {
  await using world = new World(main, args.launcher)
  const acpx = args.acpx && (await hasAcpx(world))
  const rows: JudgedRow[] = []
  for (const { name, run } of measures) {
    process.stderr.write(`measuring ${name} …\n`)
    rows.push(...(await run({ world, rounds: args.rounds, acpx })).map(judge))
  }
  return rows
}

/** The peer is optional: its package is only installed in bench/. */
async function hasAcpx(world: World): Promise<boolean> {
  try {
    await world.side('acpx')
    return true
  } catch (error) {
    process.stderr.write(`without acpx (npm ci in bench/ installs it): ${String(error).slice(0, 200)}\n`)
    return false
  }
}
