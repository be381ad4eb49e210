// Idle agents of every temper in a real gateway, and everything they started: what must be gone when nobody holds them any more.

import { join } from 'node:path'

import { listLeaks, type LiveProcess } from './leak-check.ts'
import type { TestGateway } from './test-gateway.ts'
import { ToldFile } from './told.ts'
import { until } from './until.ts'

/** Ends at the end of its input; deaf to that and to SIGTERM; leaving daemons behind, two without environment. */
const ANIMALS = [
  ['scripted', undefined],
  ['stubborn', undefined],
  ['scripted', 'double-fork.mjs'],
  ['stubborn', 'env-scrub.mjs --quick'],
  ['scripted', 'env-scrub.mjs'],
] as const

export interface Zoo {
  readonly sessions: readonly string[]
  /** Live processes of agents and of what they left; found by what they told, by a word in their environment or command. */
  alive(): LiveProcess[]
}

/** How many processes a full zoo has: five agents and three daemons. */
export const ZOO_SIZE = 8

/** Resolves when all agents are idle and their daemons live. */
export async function fillZoo(gateway: TestGateway): Promise<Zoo> {
  const told = new ToldFile(join(gateway.home, 'zoo.log'))
  const sessions = []
  for (const [agent, program] of ANIMALS) {
    const session = await gateway.newSession(agent)
    await gateway.ask(session, program === undefined ? 'hello' : `@spawn ${program} --log=${told.path} @say spawned`)
    sessions.push(session)
  }
  let births: readonly string[] = []
  const areDaemonsUp = async (): Promise<boolean> => (births = await told.births('daemon')).length === 3
  await until(areDaemonsUp, { ms: 15_000, what: () => `three daemons tell: ${births.join(', ')}` })
  const alive = (): LiveProcess[] => {
    const all = [...listLeaks({ births }), ...gateway.agents()]
    return [...new Map(all.map((row) => [row.pid, row])).values()].filter(isAnimal)
  }
  const isFull = (): boolean => alive().length === ZOO_SIZE
  await until(isFull, { ms: 5_000, what: () => `the zoo is full: ${JSON.stringify(alive())}` })
  return { sessions, alive }
}

/** A fixture's own first process leaves at once, because its input has ended. */
function isAnimal({ command }: LiveProcess): boolean {
  return command.includes('scripted-agent') || command.startsWith('sleep')
}
