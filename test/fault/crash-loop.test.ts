// F 122 and F 126: a gateway that dies again and again. Started anew each time it goes on; when that happens too often for nothing, it
// holds back until somebody looks.

import { expect, test } from 'vitest'

import { TestGateway } from '../_support/test-gateway.ts'
import { until } from '../_support/until.ts'
import { runSupervised } from './torture/run-supervised.ts'

/** Long enough for three lives on a busy machine, short enough to be waited for. */
const WINDOW_MS = 4_000
const BRAKE = {
  HOLDFAST_SUPERVISION_CRASHES_MAX: '3',
  HOLDFAST_SUPERVISION_CRASH_WINDOW_MS: String(WINDOW_MS),
}
const NO_WINDOW = { ...BRAKE, HOLDFAST_SUPERVISION_CRASH_WINDOW_MS: '300000' }

interface Held {
  readonly gateway: TestGateway
  readonly session: string
  /** The turn that was running at the first crash. */
  readonly running: string
  readonly queued: readonly string[]
}

/** Three lives die with a turn running and two prompts queued; the fourth one is up. */
async function crashThrice(env: Readonly<Record<string, string>>): Promise<Held> {
  const gateway = await TestGateway.prepare()
  await gateway.start(env)
  const session = await gateway.newSession()
  const running = await prompt(gateway, session, '@chunks 3 @perm @say done')
  await until(async () => (await gateway.client.getSession(session)).activity === 'awaiting_permission', {
    ms: 10_000,
    what: () => 'the agent asks',
  })
  const queued = [await prompt(gateway, session, 'first'), await prompt(gateway, session, 'second')]
  for (let crash = 1; crash <= 2; crash++) {
    await gateway.kill()
    await gateway.start(env)
  }
  await gateway.kill()
  await up(gateway, env)
  return { gateway, session, running, queued }
}

async function prompt(gateway: TestGateway, session: string, text: string): Promise<string> {
  return (await gateway.client.prompt(session, { prompt: text })).turn.id
}

/** Resolves when it answers, also in safe mode. */
async function up(gateway: TestGateway, env: Readonly<Record<string, string>>): Promise<void> {
  gateway.launch(env)
  const isUp = async (): Promise<boolean> => ['ready', 'safe_mode'].includes((await gateway.client.readiness()) ?? '')
  await until(isUp, { ms: 20_000, what: () => `the gateway answers: ${gateway.output.slice(-2_000)}` })
}

async function expectCompleted({ gateway, session, queued }: Held): Promise<void> {
  for (const turn of queued) expect(await gateway.ended(session, turn)).toMatchObject({ state: 'completed' })
  const texts = (await gateway.received('recv')).map(({ text }) => text)
  expect(texts).toEqual(['@chunks 3 @perm @say done', 'first', 'second'])
}

test('F 126: after three crashes the fourth life is in safe mode and says so; what ran goes on, what waits stays, new work is refused', async () => {
  const held = await crashThrice(NO_WINDOW)
  const { gateway, session, running, queued } = held
  await using _ = gateway
  expect(await gateway.client.readiness()).toBe('safe_mode')
  expect(gateway.output).toContain('safe mode: 3 crashes in a row')
  // The agent of the turn that ran lives in its keeper: its question is answered, and its turn ends.
  const { permissions } = await gateway.client.listPermissions({ session, state: 'open' })
  await gateway.client.answerPermission(permissions[0]!.id, { option_id: 'yes' })
  expect(await gateway.ended(session, running)).toMatchObject({ state: 'completed', delivery: 'yes' })
  expect(await gateway.client.getSession(session)).toMatchObject({ queued, waiting_for: 'safe_mode' })
  await expect(gateway.client.prompt(session, { prompt: 'more' })).rejects.toMatchObject({
    code: 'SAFE_MODE',
    status: 503,
    retryable: true,
    retryAfterMs: 30_000,
  })
  const asked = await gateway.run('prompt', '--session', session, 'more')
  expect(asked.code).toBe(75)
  expect(asked.stderr).toContain('holdfast safe-mode off')
  expect((await gateway.run('status')).stdout).toMatch(/^safe mode +on since/m)
  const { stdout: doctor } = await gateway.run('doctor')
  expect(doctor).toMatch(/^warn +safe mode +on since .*3 crashes in a row/m)
  expect(doctor).toMatch(/^warn +last crash +ended without a word, found \d+s ago/m)
  expect(doctor).toMatch(/^ok +turns of it +1 taken over by the next life, 0 interrupted/m)
  expect((await gateway.run('safe-mode', 'off')).stdout).toContain('safe mode is over')
  await expectCompleted(held)
  expect(await gateway.client.readiness()).toBe('ready')
  expect(await gateway.received('start')).toHaveLength(1)
}, 60_000)

test('F 126: a restart on purpose leaves safe mode, and crashes before it count no more', async () => {
  const held = await crashThrice(NO_WINDOW)
  const { gateway } = held
  await using _ = gateway
  expect(await gateway.client.readiness()).toBe('safe_mode')
  const { code, stderr } = await gateway.run('restart')
  expect({ code, stderr }).toMatchObject({ code: 0 })
  expect(await gateway.client.readiness()).toBe('ready')
  const { permissions } = await gateway.client.listPermissions({ state: 'open' })
  await gateway.client.answerPermission(permissions[0]!.id, { option_id: 'yes' })
  await expectCompleted(held)
}, 60_000)

test('F 126: a life that stays up for the window leaves safe mode by itself, and the queue runs', async () => {
  const held = await crashThrice(BRAKE)
  const { gateway } = held
  await using _ = gateway
  expect(await gateway.client.readiness()).toBe('safe_mode')
  const { permissions } = await gateway.client.listPermissions({ state: 'open' })
  await gateway.client.answerPermission(permissions[0]!.id, { option_id: 'yes' })
  await until(() => gateway.client.isReady(), { ms: 2 * WINDOW_MS, what: () => 'safe mode ended by itself' })
  await expectCompleted(held)
}, 60_000)

test('F 122: killed twenty times under load and started at once each time: no rule of the history is broken, and never two hold the lock', async () => {
  const { kills, received, samples, holders } = await runSupervised({ kills: 20, seed: 122 })
  expect(holders).toEqual(new Set([0, 1]))
  // A torture in which little happened proves little.
  expect(kills).toBe(20)
  expect(received).toBeGreaterThan(10)
  expect(samples).toBeGreaterThan(500)
}, 120_000)
