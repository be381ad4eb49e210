// A 1 to 18 and 21 through a real gateway with a keeper, which is what a user has; containment.test.ts has the same programs at the
// level of the host, where more can be seen. After a close that returned, nothing lives of what the session's agent had started.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { TestGateway } from '../_support/test-gateway.ts'
import { ToldFile } from '../_support/told.ts'

const hasPython = spawnSync('python3', ['-c', '']).status === 0

interface Case {
  readonly n: string
  /** After @spawn. */
  readonly program: string
  /** Processes that tell before the close, and how many of them live on then. */
  readonly told: number
  readonly alive: number
  readonly msMax?: number
}

const CASES: readonly Case[] = [
  { n: 'A 3', program: 'setsid-grandchild.mjs', told: 2, alive: 1 },
  { n: 'A 4', program: 'double-fork.mjs', told: 2, alive: 1 },
  { n: 'A 5', program: 'env-scrub.mjs', told: 2, alive: 1 },
  { n: 'A 6', program: 'env-scrub.mjs --quick', told: 2, alive: 1 },
  { n: 'A 7', program: 'undumpable.py', told: 2, alive: 1 },
  { n: 'A 8', program: 'title-wipe.mjs', told: 3, alive: 2 },
  { n: 'A 9', program: 'respawner.mjs', told: 2, alive: 1 },
  { n: 'A 10', program: 'fork-storm.mjs', told: 21, alive: 20, msMax: 8_000 },
  { n: 'A 11', program: 'job-control.sh', told: 3, alive: 2 },
  { n: 'A 15', program: 'zombie.sh', told: 1, alive: 1 },
]

let gateway: TestGateway
beforeAll(async () => {
  gateway = await TestGateway.start({ config: { deadlines: { cancelGraceMs: 300, drainMs: 500 } } })
})
afterAll(() => gateway[Symbol.asyncDispose]())

let count = 0

function newTold(): ToldFile {
  return new ToldFile(join(gateway.home, `told-${++count}.log`))
}

/** Closes it. `forced`: as the answer says; `ms`: as long as it took for who asked. */
async function close(session: string): Promise<{ forced: boolean | undefined; ms: number }> {
  const startedAt = performance.now()
  const { stopped } = await gateway.client.closeSession(session)
  return { forced: stopped?.forced, ms: performance.now() - startedAt }
}

describe('close', () => {
  test('A 1: an idle agent is gone in 3 s, unforced', async () => {
    const session = await gateway.newSession()
    await gateway.ask(session, 'hello')
    const { forced, ms } = await close(session)
    expect(gateway.agents()).toEqual([])
    expect(forced).toBe(false)
    expect(ms).toBeLessThan(3_000)
  })

  test('A 2: an agent deaf to the end of its input and to SIGTERM is gone in 8 s, forced', async () => {
    const session = await gateway.newSession('stubborn')
    await gateway.ask(session, 'hello')
    const { forced, ms } = await close(session)
    expect(gateway.agents()).toEqual([])
    expect(forced).toBe(true)
    expect(ms).toBeLessThan(8_000)
  })

  test.for(CASES)('$n: nothing of $program is left', async ({ program, told: toldCount, alive, msMax }, { skip }) => {
    if (program.endsWith('.py') && !hasPython) skip('python3 is not installed')
    const told = newTold()
    const session = await gateway.newSession()
    await gateway.ask(session, `@spawn ${program} --log=${told.path} @say spawned`)
    await expect.poll(async () => (await told.births()).length, { timeout: 15_000 }).toBeGreaterThanOrEqual(toldCount)
    await expect.poll(async () => (await told.alive()).length, { timeout: 5_000 }).toBe(alive)
    const { ms } = await close(session)
    expect(await told.alive()).toEqual([])
    expect(gateway.agents()).toEqual([])
    expect(ms).toBeLessThan(msMax ?? 10_000)
    // A 9: nothing was born at the last moment, either.
    const births = await told.births()
    expect((await gateway.ask(await gateway.newSession(), 'next')).state).toBe('completed')
    expect(await told.births()).toEqual(births)
    for (const { id } of (await gateway.client.listSessions({ state: 'open' })).sessions) await close(id)
  })

  test('A 14: an agent that stopped itself in a turn is cancelled in bound and gone after the close', async () => {
    const session = await gateway.newSession()
    const { turn } = await gateway.client.prompt(session, { prompt: '@say last words @sigstop' })
    await expect.poll(() => gateway.text(session), { timeout: 10_000 }).toContain('last words')
    await gateway.client.cancel(session)
    expect(await gateway.ended(session, turn.id)).toMatchObject({ state: 'cancelled', outcome: { forced: true } })
    await close(session)
    expect(gateway.agents()).toEqual([])
  })

  test.for([
    [
      'A 16',
      '@spawn root-exits.mjs --log=FILE @say spawned @sleep 500 @exit0',
      'root-exits leaves a child that holds the pipes',
    ],
    ['A 17', '@spawn double-fork.mjs --log=FILE @say spawned @sleep 500 @crash', 'double-fork leaves a daemon'],
  ])(
    '%s: the turn fails, and what an agent left that ended by itself is gone before the next one starts',
    async ([, prompt]) => {
      const told = newTold()
      const session = await gateway.newSession()
      const turn = await gateway.ask(session, prompt!.replace('FILE', told.path))
      expect(turn).toMatchObject({ state: 'failed', delivery: 'yes', outcome: { error: { code: 'AGENT_EXITED' } } })
      expect((await gateway.ask(session, 'next')).state).toBe('completed')
      expect((await told.births()).length).toBe(2)
      expect(await told.alive()).toEqual([])
      await close(session)
    },
  )

  test("A 18: closing one of two sessions leaves the other's tree alone", async () => {
    const [one, other] = [newTold(), newTold()]
    const sessions = await Promise.all([gateway.newSession(), gateway.newSession()])
    for (const [i, told] of [one, other].entries()) {
      await gateway.ask(sessions[i] ?? '', `@spawn double-fork.mjs --log=${told.path} @say spawned`)
      await expect.poll(async () => (await told.alive()).length, { timeout: 10_000 }).toBe(1)
    }
    const { agent_pid: pid } = await gateway.client.getSession(sessions[1])
    await close(sessions[0])
    expect([await one.alive(), (await other.alive()).length]).toEqual([[], 1])
    await gateway.ask(sessions[1], 'still there')
    expect((await gateway.client.getSession(sessions[1])).agent_pid).toBe(pid)
    await close(sessions[1])
  })
})

describe('stop of the gateway', () => {
  test('A 12, 21: twenty agents with twenty children each, and one whose daemon is born at the end, are gone in the bound of a stop', async () => {
    const daemonic = {
      command: [process.execPath, join(import.meta.dirname, '../agents/scripted-agent.mjs'), '--eof=daemon'],
    } as const
    await using own = await TestGateway.start({ agents: { daemonic } })
    const told = new ToldFile(join(own.home, 'told.log'))
    const storms = await Promise.all(Array.from({ length: 20 }, () => own.newSession()))
    for (const session of storms) await own.ask(session, `@spawn fork-storm.mjs --log=${told.path} @say spawned`)
    await own.ask(await own.newSession('daemonic'), 'hello')
    await expect.poll(async () => (await told.alive()).length, { timeout: 30_000 }).toBe(400)
    const startedAt = performance.now()
    expect(await own.kill('SIGTERM')).toBe(0)
    expect(performance.now() - startedAt).toBeLessThan(30_000)
    expect(await told.alive()).toEqual([])
    expect(own.leaks()).toEqual([])
  }, 120_000)
})
