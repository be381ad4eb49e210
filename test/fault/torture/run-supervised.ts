// A supervisor that starts its gateway anew whenever it ends, and somebody who kills it all the time while clients work with it. Sometimes a
// second supervisor starts one too. At the end everything is brought to rest and looked through.

import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { HoldfastClient } from '../../../src/client/client.ts'
import { createSocketTransport } from '../../../src/cli/socket-transport.ts'
import { readToken } from '../../../src/config/token.ts'
import { LOCAL_NODE } from '../../../src/store/local-wake.ts'
import { readStored } from '../../_support/stored-database.ts'
import { TestGateway } from '../../_support/test-gateway.ts'
import { until } from '../../_support/until.ts'
import { seededRandom } from '../../model/random.ts'
import type { Random } from '../../model/random.ts'
import { readFacts } from './facts.ts'
import { Follower } from './follower.ts'
import { History } from './history.ts'
import { findBreaks, RULES, RULES_AT_REST } from './rules.ts'
import { settle } from './settle.ts'
import { BrokenRulesError } from './torture-world.ts'
import { TorturedClient } from './tortured-client.ts'

export interface SupervisedTotals {
  readonly kills: number
  readonly received: number
  /** Looks at the lock, and how many processes held it at each. */
  readonly samples: number
  readonly holders: ReadonlySet<number>
}

const AGENTS = ['scripted', 'stubborn'] as const
const CLIENTS = 2
/** Some die in their start, most after they have served for a while. */
const START_MS_MAX = 500
const SERVED_MS_MAX = 400
const LIVES_MAX = 1_000
const SAMPLE_MS = 5
const WATCH_MS_MAX = 100_000
const CONFIG = { deadlines: { cancelGraceMs: 400, drainMs: 2_000 } }

/** Rejects with BrokenRulesError, and then keeps the home. */
export async function runSupervised({ kills, seed }: { kills: number; seed: number }): Promise<SupervisedTotals> {
  const gateway = await TestGateway.start({ config: CONFIG })
  const random = seededRandom(seed)
  const history = new History()
  for (const agent of AGENTS) history.sessions.push({ id: await gateway.newSession(agent), onInterrupt: 'hold' })
  using transport = createSocketTransport(join(gateway.home, 'run/gateway.sock'))
  const token = (): string => readToken(join(gateway.home, 'state/token'))
  const client = new HoldfastClient({ transport, token, timeoutMs: 15_000 })
  const lock = new LockWatch(join(gateway.home, 'state'))
  const over = new AbortController()
  const busy = Promise.all([...work(history, client, { random, signal: over.signal }), lock.watch(over.signal)])
  const killedAt = await supervise(gateway, kills, random)
  over.abort()
  await busy
  await settle(client, history.sessions)
  const code = await gateway.kill('SIGTERM')
  if (code !== 0) history.problem(`a gateway at rest exits with ${code}`)
  for (const overlap of await listOverlaps(gateway, killedAt)) history.problem(overlap)
  const facts = await readFacts(gateway.home, gateway.journal)
  history.looked({ facts, keepersDead: 0 })
  const breaks = findBreaks({ ...RULES, ...RULES_AT_REST }, { history, facts })
  if (breaks.length > 0) throw new BrokenRulesError(breaks, 0, gateway.home)
  await gateway[Symbol.asyncDispose]()
  const received = facts.journal.filter(({ kind }) => kind === 'recv').length
  return { kills, received, samples: lock.samples, holders: lock.holders }
}

interface Work {
  readonly random: Random
  readonly signal: AbortSignal
}

function work(history: History, client: HoldfastClient, { random, signal }: Work): Promise<void>[] {
  return history.sessions.flatMap((session, i) => [
    new Follower({ session: session.id, history }).run(client, signal),
    ...Array.from({ length: CLIENTS }, (_, n) => {
      const setup = { session: session.id, history, random: seededRandom(random.int(2 ** 31)), name: `s${i}c${n}` }
      return new TorturedClient(setup).run(client, signal)
    }),
  ])
}

/** Epoch ms at which a process was sent its SIGKILL, by pid. */
type Kills = ReadonlyMap<number, number>

/** As soon as one life has ended the next one is launched; now and then it is there before that, and has to wait. */
async function supervise(gateway: TestGateway, kills: number, random: Random): Promise<Kills> {
  const killedAt = new Map<number, number>()
  for (let kill = 1; kill <= kills; kill++) {
    const doomed = gateway.process
    const isThere = random.chance(0.3)
    if (isThere) gateway.launch()
    const isServing = random.chance(0.7)
    if (isServing) await gateway.ready() // of the one that is to die, if another waits
    await sleep(random.int(isServing ? SERVED_MS_MAX : START_MS_MAX))
    killedAt.set(doomed?.pid ?? 0, Date.now())
    await gateway.kill('SIGKILL', doomed)
    if (!isThere) gateway.launch()
  }
  await gateway.ready()
  return killedAt
}

/** Lives that began before the one before was sent its SIGKILL: two instances at once. */
async function listOverlaps({ home }: TestGateway, killedAt: Kills): Promise<string[]> {
  const lives = await readStored(home, (store) => store.lives.list(LOCAL_NODE, LIVES_MAX))
  return lives.slice(0, -1).flatMap(({ pid, startedAt }, i) => {
    const before = lives[i + 1]!
    const endAt = killedAt.get(before.pid)
    const isLate = endAt !== undefined && startedAt >= endAt
    return isLate ? [] : [`gateway ${pid} began at ${startedAt}, when ${before.pid} lived: it was killed at ${endAt}`]
  })
}

/** Who has the lock and who has the database open, as the kernel sees it and not as the gateways say. */
class LockWatch {
  readonly #files: readonly string[]
  /** Processes that held a lock on the same one of the files at the same time. */
  readonly holders = new Set<number>()
  samples = 0

  constructor(stateDir: string) {
    this.#files = ['instance.lock', 'holdfast.db'].map((name) => join(stateDir, name))
  }

  async watch(signal: AbortSignal): Promise<void> {
    const inodes = this.#files.map((file) => String(statSync(file).ino))
    const look = (): boolean => {
      const locks = readLocks()
      for (const inode of inodes) this.holders.add(new Set(locks.get(inode)).size)
      this.samples++
      return signal.aborted
    }
    await until(look, { ms: WATCH_MS_MAX, what: () => 'the kills are over', intervalMs: SAMPLE_MS })
  }
}

/** Pids by inode. A line is such as `1: POSIX  ADVISORY  WRITE 4711 fe:00:1234 0 EOF`; one that waits has an arrow. */
function readLocks(): ReadonlyMap<string, readonly string[]> {
  const locks = new Map<string, string[]>()
  for (const line of readFileSync('/proc/locks', 'utf8').split('\n')) {
    const [, , , , pid, place = ''] = line.trim().split(/\s+/)
    const inode = place.split(':').at(-1)
    if (pid !== undefined && inode !== undefined) locks.set(inode, [...(locks.get(inode) ?? []), pid])
  }
  return locks
}
