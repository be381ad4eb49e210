// Two agents and a stand-in for the gateway compete for one conversation while they are killed, stopped and hung, for many rounds.
// Each round leaves all three alive and at rest; then the whole file is checked.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { pause } from '../../../src/base/deadline.ts'
import { FileTranscriptStore } from '../../../builtin-agent/src/transcript/store.ts'
import { seededRandom, type Random } from '../../model/random.ts'
import { checkHistory, countEntries } from './check-history.ts'
import { ContenderProcess, type Held } from './contender-process.ts'
import type { Report, Role } from './reports.ts'
import { playRound, ROUND_KINDS, type RoundKind, type Ring } from './rounds.ts'

const ROLES: readonly Role[] = ['agent', 'agent', 'gateway']

export interface CompeteTotals {
  readonly rounds: Readonly<Record<RoundKind, number>>
  readonly entries: number
  readonly holds: number
  readonly takenOver: number
  /** Milliseconds from the death, or the begin of the cleanup, of a holder until another process had the lock. */
  readonly waitsMs: { readonly dead: readonly number[]; readonly hung: readonly number[] }
}

export interface CompeteOptions {
  readonly rounds: number
  readonly seed: number
  readonly onRound?: (round: number, kind: RoundKind) => void
}

/** For the median; the worst is the machine's, too. */
const WAIT_MS_BAR = 50

/** Rejects with everything that is wrong with the file, or with the waits that were too long. */
export async function runCompete({ rounds, seed, onRound }: CompeteOptions): Promise<CompeteTotals> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-compete-'))
  const ring = await CompeteRing.open(directory, seededRandom(seed))
  const played = Object.fromEntries(ROUND_KINDS.map((kind) => [kind, 0])) as Record<RoundKind, number>
  try {
    for (let round = 1; round <= rounds; round++) {
      const kind = ROUND_KINDS[(round - 1) % ROUND_KINDS.length]!
      await playRound(ring, kind)
      played[kind]++
      onRound?.(round, kind)
    }
    const wrong = [...checkHistory(ring.file, ring.holds), ...checkWaits(ring.waitsMs)]
    if (wrong.length > 0) throw new Error(`${wrong.length} wrong:\n${wrong.slice(0, 20).join('\n')}`)
    const { takenOver, holds, waitsMs } = ring
    return { rounds: played, entries: countEntries(ring.file), holds: holds.length, takenOver, waitsMs }
  } finally {
    await ring.close()
    rmSync(directory, { recursive: true })
  }
}

/** 0 of none. */
export function medianAndWorst(values: readonly number[]): [number, number] {
  const sorted = values.toSorted((a, b) => a - b)
  return [sorted[Math.floor(sorted.length / 2)] ?? 0, sorted.at(-1) ?? 0]
}

function checkWaits(waitsMs: CompeteTotals['waitsMs']): string[] {
  return Object.entries(waitsMs).flatMap(([kind, waits]) => {
    const [median] = medianAndWorst(waits)
    return median < WAIT_MS_BAR
      ? []
      : [`the wait after a ${kind} holder is ${median.toFixed(0)} ms; the bar is ${WAIT_MS_BAR}`]
  })
}

class CompeteRing implements Ring {
  readonly random: Random
  readonly file: string
  readonly holds: Held[] = []
  readonly waitsMs = { dead: [] as number[], hung: [] as number[] }
  takenOver = 0
  readonly #start: (role: Role) => ContenderProcess
  readonly #contenders: ContenderProcess[] = []

  private constructor(random: Random, file: string, start: (role: Role) => ContenderProcess) {
    this.random = random
    this.file = file
    this.#start = start
  }

  static async open(directory: string, random: Random): Promise<CompeteRing> {
    const store = new FileTranscriptStore(directory, { diagnose: () => {} })
    const { id, file } = await store.create({ cwd: '/' })
    await store[Symbol.asyncDispose]()
    const ring: CompeteRing = new CompeteRing(random, file, (role) => {
      const spec = { directory, id, role, seed: random.int(1_000_000) }
      return new ContenderProcess(spec, (report, pid) => ring.#note(report, pid))
    })
    await Promise.all(ROLES.map((_, n) => ring.#fill(n)))
    return ring
  }

  get contenders(): readonly ContenderProcess[] {
    return this.#contenders
  }

  /** Three different ones, in any order. */
  shuffled(): [ContenderProcess, ContenderProcess, ContenderProcess] {
    const first = this.random.int(3)
    const second = (first + 1 + this.random.int(2)) % 3
    return [first, second, 3 - first - second].map((n) => this.#contenders[n]!) as ReturnType<CompeteRing['shuffled']>
  }

  async replace(dead: ContenderProcess): Promise<void> {
    await this.#fill(this.#contenders.indexOf(dead))
  }

  async letRun(ms: number): Promise<void> {
    for (const contender of this.#contenders) contender.tell({ do: 'run' })
    await pause(ms)
  }

  async close(): Promise<void> {
    await Promise.all(this.#contenders.map((contender) => contender.kill()))
  }

  async #fill(place: number): Promise<void> {
    const contender = this.#start(ROLES[place]!)
    this.#contenders[place] = contender
    await contender.next('ready')
  }

  #note(report: Report, pid: number): void {
    if (report.kind === 'held') this.holds.push({ ...report, pid })
    if (report.kind === 'takenOver') this.takenOver++
  }
}
