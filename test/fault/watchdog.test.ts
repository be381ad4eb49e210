// A gateway that stands still: its loop, its database, or the whole process. The first two are said and, if they last, ended, so that
// the next life goes on with what runs; the third is none of its doing.

import { setTimeout as sleep } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { FAILPOINT_VARIABLE } from '../../src/config/failpoint.ts'
import { TestGateway } from '../_support/test-gateway.ts'
import { until } from '../_support/until.ts'

/** Said after `wedgeMs`, ended after four times that. */
function watched(wedgeMs: number, failpoint = ''): Record<string, string> {
  return { HOLDFAST_SUPERVISION_WEDGE_MS: String(wedgeMs), [FAILPOINT_VARIABLE]: failpoint }
}

/** What the thread wrote, by its message. */
function said(gateway: TestGateway, message: string): Record<string, unknown>[] {
  const lines = gateway.output.split('\n').filter((line) => line.includes(`"${message}"`))
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}

const STANDS = 'the gateway stands still'
const MOVES = 'the gateway moves again'
const ENDED = 'the gateway has stood still for too long and is ended'

test('a loop that stands still for a while is said by another thread, with what it was at, and goes on', async () => {
  await using gateway = await TestGateway.prepare()
  await gateway.start(watched(300, 'accept.stored=block:700'))
  const session = await gateway.newSession()
  expect(await gateway.ask(session, 'hello')).toMatchObject({ state: 'completed' })
  await until(() => said(gateway, MOVES).length > 0, { ms: 5_000, what: () => gateway.output })
  const [stands] = said(gateway, STANDS)
  expect(stands).toMatchObject({
    level: 'error',
    folder: 'health',
    part: 'loop',
    activity: expect.stringMatching(/^serving/),
  })
  expect(said(gateway, ENDED)).toEqual([])
  expect(await gateway.client.readiness()).toBe('ready')
})

test('a loop that does not come back is ended with SIGABRT; the next life goes on with the running turn and says why', async () => {
  await using gateway = await TestGateway.prepare()
  await gateway.start(watched(0))
  const [first, second] = [await gateway.newSession(), await gateway.newSession()]
  const { turn } = await gateway.client.prompt(first, { prompt: '@chunks 60 50 @say whole' })
  await until(async () => (await gateway.text(first)).includes('chunk 2 '), { ms: 10_000, what: () => 'it streams' })
  await gateway.kill()
  await gateway.start(watched(200, 'accept.stored=block:60000'))
  const asked = gateway.client.prompt(second, { prompt: 'blocks' }).catch(() => undefined)
  expect(await gateway.died()).toEqual({ code: null, signal: 'SIGABRT' })
  await asked
  expect(said(gateway, ENDED)[0]).toMatchObject({ part: 'loop', ms: 800 })
  await gateway.start(watched(0))
  const { last_crash: crash } = await gateway.client.status()
  expect(crash).toMatchObject({ how: 'wedged', turns_taken_over: 1, turns_interrupted: 0 })
  expect(crash?.reason).toMatch(/^its event loop stood still for 0.8 s while it was serving/)
  expect(await gateway.ended(first, turn.id)).toMatchObject({ state: 'completed', delivery: 'yes' })
  const chunks = Array.from({ length: 60 }, (_, i) => `chunk ${i + 1} `).join('')
  expect(await gateway.text(first)).toBe(`${chunks}whole`)
  expect((await gateway.run('doctor')).stdout).toMatch(/^warn +last crash +stood still and was ended .*its event loop/m)
})

test('a database that does not answer: livez is fine, readyz is not, and after its time the process is ended', async () => {
  await using gateway = await TestGateway.prepare()
  await gateway.start(watched(1_500, 'accept.stored=hang'))
  const session = await gateway.newSession()
  const asked = gateway.client.prompt(session, { prompt: 'hangs' }).catch(() => undefined)
  await until(async () => (await gateway.client.readiness()) === 'store', {
    ms: 10_000,
    what: () => 'it is not ready',
  })
  expect(await gateway.client.isAlive()).toBe(true)
  expect(said(gateway, STANDS)).toMatchObject([{ part: 'store' }])
  expect(await gateway.died()).toEqual({ code: null, signal: 'SIGABRT' })
  await asked
  await gateway.start(watched(0))
  expect((await gateway.client.status()).last_crash?.reason).toMatch(/^its database stood still/)
})

test('a process that is stopped and continued is no wedge, however long it stood', async () => {
  await using gateway = await TestGateway.prepare()
  await gateway.start(watched(200))
  const { pid } = await gateway.client.status()
  const session = await gateway.newSession()
  await gateway.ask(session, 'warm') // by then the thread looks
  gateway.process?.kill('SIGSTOP')
  await sleep(1_500) // longer than a wedge may last
  gateway.process?.kill('SIGCONT')
  expect(await gateway.ask(session, '@sleep 600')).toMatchObject({ state: 'completed' })
  expect((await gateway.client.status()).pid).toBe(pid)
  expect(said(gateway, STANDS)).toEqual([])
})
