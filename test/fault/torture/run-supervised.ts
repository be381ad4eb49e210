// A supervisor that starts its gateway anew whenever it ends, and somebody who kills it all the time while clients work with it. Sometimes a
// second supervisor starts one too. At the end everything is brought to rest and looked through.

import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { HoldfastClient } from '../../../src/client/client.ts'
import { createSocketTransport } from '../../../src/cli/socket-transport.ts'
import { readToken } from '../../../src/config/token.ts'
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
/** Some die in their start, some after they have served for a while. */
const LIFE_MS_MIN = 200
const LIFE_MS_MAX = 1_000
const SAMPLE_MS = 5
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
  const lock = new LockWatch(join(gateway.home, 'state/instance.lock'))
  const over = new AbortController()
  const busy = Promise.all([...work(history, client, { random, signal: over.signal }), lock.watch(over.signal)])
  await supervise(gateway, kills, random)
  over.abort()
  await busy
  await settle(client, history.sessions)
  const code = await gateway.kill('SIGTERM')
  if (code !== 0) history.problem(`a gateway at rest exits with ${code}`)
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

/** As soon as one life has ended the next one is launched; now and then a rival one beside it, which must wait or leave. */
async function supervise(gateway: TestGateway, kills: number, random: Random): Promise<void> {
  for (let kill = 1; kill <= kills; kill++) {
    await sleep(LIFE_MS_MIN + random.int(LIFE_MS_MAX - LIFE_MS_MIN))
    const doomed = gateway.process
    if (random.chance(0.3)) {
      gateway.launch() // it waits for the lock while the other one dies
      await sleep(random.int(LIFE_MS_MIN))
      await gateway.kill('SIGKILL', doomed)
    } else {
      await gateway.kill('SIGKILL', doomed)
      gateway.launch()
    }
  }
  await gateway.ready()
}

/** Who holds the lock, as the kernel sees it and not as the gateways say. */
class LockWatch {
  readonly #file: string
  readonly holders = new Set<number>()
  samples = 0

  constructor(file: string) {
    this.#file = file
  }

  async watch(signal: AbortSignal): Promise<void> {
    const inode = String(statSync(this.#file).ino)
    await until(
      async () => {
        this.holders.add(countHolders(inode))
        this.samples++
        return signal.aborted
      },
      { ms: 100_000, what: () => 'the kills are over', intervalMs: SAMPLE_MS },
    )
  }
}

/** Such as `1: POSIX  ADVISORY  WRITE 4711 fe:00:1234 0 EOF`. */
function countHolders(inode: string): number {
  const lines = readFileSync('/proc/locks', 'utf8').split('\n')
  const held = lines.map((line) => line.trim().split(/\s+/)).filter(([, type]) => type === 'POSIX')
  const own = held.filter(([, , , access, , place]) => access === 'WRITE' && place?.endsWith(`:${inode}`))
  return new Set(own.map(([, , , , pid]) => pid)).size
}
