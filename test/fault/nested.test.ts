// B 41: a gateway inside an agent of another gateway. Whatever ends the outer agent ends the inner gateway, its keeper, its agents, and
// what those left behind: also what nothing links to the outer one any more.

import { expect, test } from 'vitest'

import { killPid } from '../_support/kill.ts'
import { LAUNCHER } from '../_support/launcher.ts'
import { TestGateway } from '../_support/test-gateway.ts'
import { until } from '../_support/until.ts'
import { fillZoo, type Zoo } from '../_support/zoo.ts'

interface Nest extends AsyncDisposable {
  readonly outer: TestGateway
  readonly inner: TestGateway
  /** The session of the outer gateway whose agent runs the inner one. */
  readonly session: string
  readonly zoo: Zoo
}

/** `hosting` is that of the inner gateway. */
async function openNest(hosting: string): Promise<Nest> {
  await using stack = new AsyncDisposableStack()
  const inner = stack.use(await TestGateway.prepare({ config: { keeper: { hosting } } }))
  const outer = stack.use(await TestGateway.start())
  const session = await outer.newSession()
  await outer.ask(session, `@spawn inner-gateway.mjs ${inner.home} ${LAUNCHER} ${inner.mark} @say spawned`)
  await until(() => inner.client.isReady(), { ms: 20_000, what: () => 'the inner gateway is ready' })
  const zoo = await fillZoo(inner)
  const all = stack.move()
  return { outer, inner, session, zoo, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

function living({ inner, zoo }: Nest): string[] {
  return [...inner.leaks(), ...zoo.alive()].map(({ pid, command }) => `${pid} ${command}`)
}

test.for(['keeper', 'inline'])(
  'B 41: SIGKILL of the outer gateway and its keeper: the inner gateway (%s) and all it started are gone in 2 s',
  async (hosting) => {
    await using nest = await openNest(hosting)
    const { outer } = nest
    const keepers = outer.keepers()
    await outer.kill()
    for (const pid of keepers) killPid(pid, 'SIGKILL')
    await expect.poll(() => [...outer.leaks(), ...living(nest)], { timeout: 2_000, interval: 20 }).toEqual([])
  },
)

test('B 41: closing the session of the outer agent leaves nothing of the inner gateway', async () => {
  await using nest = await openNest('keeper')
  const { outer, session } = nest
  await outer.client.closeSession(session)
  expect(living(nest)).toEqual([])
  expect(outer.agents()).toEqual([])
})

test('B 41: SIGKILL of the inner gateway and its keeper ends what they started, and nothing of the outer one', async () => {
  await using nest = await openNest('keeper')
  const { outer, inner, session, zoo } = nest
  const { pid } = await inner.client.status()
  const keepers = inner.keepers()
  killPid(pid, 'SIGKILL')
  for (const keeper of keepers) killPid(keeper, 'SIGKILL')
  await expect.poll(() => zoo.alive(), { timeout: 2_000, interval: 20 }).toEqual([])
  expect((await outer.ask(session, 'still there')).state).toBe('completed')
  expect(await outer.received('start')).toHaveLength(1)
})
