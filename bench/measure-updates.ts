// CPU time of one session update at the client's edge, from the bytes of the pipe to its consumer: the bare loop, ours, the official SDK's
// client. Each in a process of its own, the same bytes, in turn. CPU and not the clock: what waits costs nothing here.

import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import { deadline, ignore } from '../src/base/deadline.ts'
import { inRounds, type Plan } from './measure.ts'
import type { Row } from './result.ts'
import { median } from './stats.ts'
import type { ClientName } from './updates/clients.ts'
import type { ReadUpdates } from './updates/reader.ts'
import { record } from './updates/wire.ts'
import type { Recording, UpdateKind } from './updates/wire.ts'

const READER = fileURLToPath(new URL('./updates/reader.ts', import.meta.url))
const ROUND_MS_MAX = 60_000
/** Passes before the rounds: a gateway runs for days, its code is compiled. */
const WARM_UPS = 8
const NAMES: Readonly<Record<UpdateKind, string>> = { toolCall: 'tool call update', token: 'token' }

type Round = Readonly<Record<ClientName, number>>

export async function measureUpdates({ rounds }: Plan): Promise<Row[]> {
  await using scope = new AsyncDisposableStack()
  const readers = { bare: new Reader('bare'), holdfast: new Reader('holdfast'), sdk: new Reader('sdk') }
  for (const reader of Object.values(readers)) scope.use(reader)
  const rows: Row[] = []
  for (const kind of ['toolCall', 'token'] as const) {
    const recording = record(kind)
    const round = async (): Promise<Round> => ({
      bare: await readers.bare.read(recording),
      holdfast: await readers.holdfast.read(recording),
      sdk: await readers.sdk.read(recording),
    })
    for (let n = 0; n < WARM_UPS; n++) await round()
    rows.push(...rowsOf(kind, await inRounds(rounds, round)))
  }
  return rows
}

function rowsOf(kind: UpdateKind, rounds: readonly Round[]): Row[] {
  const of = (name: ClientName): number => median(rounds.map((round) => round[name]))
  const common = { unit: 'us/event', holdfast: of('holdfast') } as const
  const name = `CPU of a ${NAMES[kind]}`
  return [
    { ...common, name, floor: of('bare'), bar: { on: 'ratio', kind: 'at most', limit: 2 } },
    {
      ...common,
      name: `${name}, SDK`,
      floor: of('sdk'),
      ...(kind === 'toolCall' && { bar: { on: 'ratio', kind: 'at most', limit: 0.25 } }),
      note: 'floor: the client of the official SDK',
    },
  ]
}

/** The parent's end of `reader.ts`. */
class Reader implements AsyncDisposable {
  readonly #name: ClientName
  readonly #child: ChildProcess
  readonly #gone: Promise<never>

  constructor(name: ClientName) {
    this.#name = name
    this.#child = fork(READER, [name], { execArgv: [], stdio: ['pipe', 'inherit', 'inherit', 'ipc'] })
    this.#gone = once(this.#child, 'exit').then(() => Promise.reject(new Error(`${name} ended`)))
    this.#gone.catch(ignore('asked for with the next message'))
  }

  /** Microseconds of CPU time an update. Rejects when another number of updates was told than was written. */
  async read({ count, bytes }: Recording): Promise<number> {
    this.#child.send(count)
    await this.#next('begin of a round')
    const read = this.#next<ReadUpdates>('updates')
    this.#child.stdin?.write(bytes)
    const { updates, cpuUs } = await read
    if (updates !== count) throw new Error(`${this.#name} told ${updates} updates of ${count}`)
    return cpuUs / count
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }

  async #next<T>(stage: string): Promise<T> {
    const message = once(this.#child, 'message').then(([value]) => value as T)
    return deadline(Promise.race([message, this.#gone]), { ms: ROUND_MS_MAX, stage: `${this.#name}: ${stage}` })
  }
}
