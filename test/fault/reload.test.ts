// A gateway whose configuration changes while it runs: what holds from then on, what does not, and what a mistake costs.
// One gateway for all of it; each test puts the file back.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'

import { killPid } from '../_support/kill.ts'
import { TestGateway } from '../_support/test-gateway.ts'

let gateway: TestGateway
let file: string
let original: string

beforeAll(async () => {
  gateway = await TestGateway.start()
  file = join(gateway.home, 'config.jsonc')
  original = await readFile(file, 'utf8')
}, 30_000)
afterAll(() => gateway[Symbol.asyncDispose]())
afterEach(async () => {
  await writeFile(file, original)
  await gateway.client.reloadGateway()
})

interface ConfigFile {
  limits?: object
  lanes?: object
  keeper?: object
  agents: Record<string, { command: string[]; env?: Record<string, string> }>
}

async function change(edit: (config: ConfigFile) => void): Promise<void> {
  const config = JSON.parse(original) as ConfigFile
  edit(config)
  await writeFile(file, JSON.stringify(config))
}

/** Lines of the log with this message, newest last. */
function logged(message: string): Record<string, unknown>[] {
  const lines = gateway.output.split('\n').filter((line) => line.startsWith('{'))
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ msg }) => msg === message)
}

test('F 120: SIGHUP with a broken configuration: nothing of it holds, and the log and the command say file, line and column', async () => {
  await writeFile(file, '{\n  "limits": { "queueDepthMax": 1 },\n  "agents": { "spawnMax": 3 }\n}')
  const before = logged('reload refused; the configuration stays as it was').length
  killPid(gateway.pid, 'SIGHUP')
  await vi.waitFor(
    () => expect(logged('reload refused; the configuration stays as it was')).toHaveLength(before + 1),
    5_000,
  )
  const place = `${file}:3:15`
  expect(logged('reload refused; the configuration stays as it was').at(-1)).toMatchObject({
    code: 'CONFIG_INVALID',
    place,
  })
  const { code, stderr } = await gateway.run('reload')
  expect([code, stderr]).toEqual([78, expect.stringContaining(place)])
  await expect(gateway.client.reloadGateway()).rejects.toMatchObject({ code: 'CONFIG_INVALID', status: 422 })
  const session = await gateway.newSession()
  for (const prompt of ['@sleep 300', 'a', 'b']) await gateway.client.prompt(session, { prompt })
  expect(await gateway.client.isReady()).toBe(true)
}, 30_000)

test('a limit and a lane hold from the reload on; what needs a restart is named, and named again', async () => {
  await change((config) => {
    config.limits = { queueDepthMax: 1 }
    config.lanes = { background: { turnsMax: 1 } }
    config.keeper = { spoolBytesMax: 2 * 1024 * 1024 }
  })
  const report = await gateway.client.reloadGateway()
  expect(report.applied.map(({ name, to }) => [name, to])).toEqual([
    ['lanes.background.turnsMax', 1],
    ['limits.queueDepthMax', 1],
  ])
  expect(report.pending.map(({ name }) => name)).toEqual(['keeper.spoolBytesMax'])
  expect(await gateway.client.reloadGateway()).toMatchObject({
    applied: [],
    pending: [{ name: 'keeper.spoolBytesMax' }],
  })
  const [one, two] = [await gateway.newSession(), await gateway.newSession()]
  const running = await gateway.client.prompt(one, { prompt: '@hang', lane: 'background' })
  const waiting = await gateway.client.prompt(two, { prompt: 'x', lane: 'background' })
  await expect(gateway.client.prompt(two, { prompt: 'y' })).rejects.toMatchObject({ code: 'QUEUE_FULL' })
  await vi.waitFor(async () => expect((await gateway.client.getSession(two)).waiting_for).toBe('lane'), 5_000)
  await change((config) => void (config.limits = {}))
  expect((await gateway.client.reloadGateway()).applied).toHaveLength(2)
  // The bound is gone, also for who waits already.
  expect(await gateway.ended(two, waiting.turn.id)).toMatchObject({ state: 'completed' })
  await gateway.client.cancel(one, running.turn.id)
  await gateway.ended(one, running.turn.id)
}, 30_000)

test('an agent that is defined otherwise: the turn that runs goes on, the next process is the new one; one that is gone is said', async () => {
  const session = await gateway.newSession()
  await gateway.ask(session, '@env')
  const { turn } = await gateway.client.prompt(session, { prompt: '@say going @sleep 500 @say through' })
  await vi.waitFor(async () => expect(await gateway.text(session)).toContain('going'), 5_000)
  await change(({ agents }) => {
    agents['scripted']!.env = { RELOADED: 'yes' }
    delete agents['stubborn']
  })
  const { agents } = await gateway.client.reloadGateway()
  expect(agents).toMatchObject([
    { name: 'scripted', change: 'changed' },
    { name: 'stubborn', change: 'removed', sessions: 0 },
  ])
  expect(await gateway.ended(session, turn.id)).toMatchObject({ state: 'completed' })
  await gateway.ask(session, '@recall @env')
  expect(await gateway.text(session)).toMatch(/through.*recall.*"RELOADED":"yes"/s)
  await expect(gateway.newSession('stubborn')).rejects.toMatchObject({ code: 'AGENT_UNKNOWN' })
}, 30_000)
