// Restarts in each way and at bad moments: what is running goes on, somebody always serves or says why not, and a stop wins.
// One gateway for most of it; `restart.way` in its environment says which way it goes.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { join } from 'node:path'

import { expect, test, vi } from 'vitest'

import { acquireInstanceLock } from '../../src/store/instance-lock.ts'
import { killPid } from '../_support/kill.ts'
import { TestGateway } from '../_support/test-gateway.ts'
import type { GatewaySetup } from '../_support/test-gateway.ts'
import { until } from '../_support/until.ts'

const SCRIPTED = join(import.meta.dirname, '../agents/scripted-agent.mjs')

type Way = 'successor' | 'in-process' | 'supervised'

async function startWith(way: Way, setup?: GatewaySetup): Promise<TestGateway> {
  const gateway = await TestGateway.prepare(setup)
  await gateway.start({ HOLDFAST_RESTART_WAY: way })
  return gateway
}

/** The process that is to take over from this gateway, once there is one. */
async function successorOf({ pid, home }: TestGateway): Promise<number> {
  const mark = `HOLDFAST_HOME=${home}\0`
  let found: number | undefined
  const look = (): boolean => {
    found = readdirSync('/proc')
      .map(Number)
      .find((each) => each > 0 && each !== pid && isSuccessor(each, mark))
    return found !== undefined
  }
  await until(look, { ms: 10_000, what: () => 'there is a successor', intervalMs: 2 })
  return found!
}

function isSuccessor(pid: number, mark: string): boolean {
  try {
    const isOne = readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('\0--successor\0')
    return isOne && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(mark)
  } catch {
    return false
  }
}

/** Resolves with the status of a life of a higher epoch. */
async function nextLife(gateway: TestGateway, epoch: number) {
  const next = async () => {
    const status = await gateway.client.status({ timeoutMs: 2_000 })
    expect([status.epoch > epoch, status.state]).toEqual([true, 'ready'])
    return status
  }
  return vi.waitFor(next, { timeout: 20_000, interval: 20 })
}

async function running(gateway: TestGateway, prompt: string): Promise<{ session: string; turn: string }> {
  const session = await gateway.newSession()
  const { turn } = await gateway.client.prompt(session, { prompt: `@say going ${prompt}` })
  await vi.waitFor(async () => expect(await gateway.text(session)).toContain('going'), 10_000)
  return { session, turn: turn.id }
}

function hasEnded({ process: child }: TestGateway): boolean {
  return child!.exitCode !== null || child!.signalCode !== null
}

test.each(['successor', 'in-process'] as const)(
  'F 123: holdfast restart while a turn runs and another waits, %s: the turn goes on in its agent, the queue runs, the way and the new life are said',
  async (way) => {
    await using gateway = await startWith(way)
    const { session, turn } = await running(gateway, '@chunks 60 20')
    const { turn: queued } = await gateway.client.prompt(session, { prompt: 'next' })
    const { pid, epoch } = await gateway.client.status()
    const { code, stdout, stderr } = await gateway.run('restart', '--json')
    const next = await gateway.client.status()
    expect(code).toBe(0)
    // Said when it asks in the moment in which nobody answers.
    expect(['', 'holdfast: the gateway restarts; waiting for it\n']).toContain(stderr)
    expect(JSON.parse(stdout)).toMatchObject({
      stopped: pid,
      pid: next.pid,
      epoch: next.epoch,
      way,
      outcome: 'accepted',
    })
    expect(next.epoch).toBeGreaterThan(epoch)
    expect(next.pid === pid).toBe(way === 'in-process')
    expect((await gateway.ended(session, turn)).state).toBe('completed')
    expect((await gateway.ended(session, queued.id)).state).toBe('completed')
    expect(await gateway.received('start')).toHaveLength(1)
    if (way === 'successor') await gateway.stopWhoeverServes()
    else expect(await gateway.kill('SIGTERM')).toBe(0)
    expect(gateway.leaks()).toEqual([])
  },
)

test('F 123: with restart.mode drain the turn that runs has its time first, and what waits runs in the next life', async () => {
  await using gateway = await startWith('in-process', { config: { restart: { mode: 'drain' } } })
  const { session, turn } = await running(gateway, '@sleep 700 @say through')
  const { turn: queued } = await gateway.client.prompt(session, { prompt: 'next' })
  const { epoch } = await gateway.client.status()
  await gateway.client.restartGateway({})
  const first = gateway.client.getTurn(session, turn)
  expect((await first).outcome).toBeNull()
  await nextLife(gateway, epoch)
  expect(await gateway.client.getTurn(session, turn)).toMatchObject({ state: 'completed' })
  expect((await gateway.ended(session, queued.id)).state).toBe('completed')
  expect(await gateway.received('start')).toHaveLength(2)
})

test('supervised: it exits with 86 and leaves its agents; whoever starts it again finds the turn running', async () => {
  await using gateway = await startWith('supervised')
  const { session, turn } = await running(gateway, '@sleep 1000 @say through')
  expect(await gateway.client.restartGateway({ reason: 'new version' })).toMatchObject({ way: 'supervised' })
  expect(await gateway.died()).toMatchObject({ code: 86 })
  await gateway.start()
  expect((await gateway.ended(session, turn)).state).toBe('completed')
  expect(await gateway.received('start')).toHaveLength(1)
})

test('supervised: a command that comes before the next gateway waits for it, and does not start one in its place', async () => {
  await using gateway = await startWith('supervised')
  const { epoch } = await gateway.client.status()
  await gateway.client.restartGateway({})
  expect(await gateway.died()).toMatchObject({ code: 86 })
  const asked = gateway.spawn('prompt', '--agent', 'scripted', '@say hello')
  const said: string[] = []
  for (const stream of [asked.stdout, asked.stderr]) stream?.on('data', (chunk: Buffer) => said.push(chunk.toString()))
  const ended = new Promise((resolve) => asked.once('close', resolve))
  asked.stdin?.end()
  await until(() => said.join('') !== '', { ms: 10_000, what: () => 'the command has said what it does' })
  await gateway.start()
  expect(await ended).toBe(0)
  expect(said.join('')).toContain('the gateway restarts; waiting for it')
  expect(said.join('')).toContain('hello')
  expect((await gateway.client.status()).epoch).toBe(epoch + 1)
})

test('a restart whose next start would refuse the configuration for its supervisor is refused (G6)', async () => {
  await using gateway = await TestGateway.prepare()
  const supervisor = 'systemd:test.service:user'
  await gateway.start({ HOLDFAST_SUPERVISOR: supervisor, INVOCATION_ID: 'test', HOLDFAST_STOP_BUDGET_MS: '30000' })
  const { pid, epoch } = await gateway.client.status()
  const file = join(gateway.home, 'config.jsonc')
  const config = JSON.parse(readFileSync(file, 'utf8')) as object
  writeFileSync(file, JSON.stringify({ ...config, deadlines: { drainMs: 60_000 } }))
  const refused = gateway.client.restartGateway({})
  const message = expect.stringContaining(
    'deadlines.drainMs is 60 s, but systemd (test.service) ends a stop after 30 s',
  )
  await expect(refused).rejects.toMatchObject({ code: 'RESTART_REFUSED', message })
  expect(await gateway.client.status()).toMatchObject({ pid, epoch, state: 'ready' })
})

test('an agent that is still starting keeps no process whose gateway has ended, and the next life starts it again', async () => {
  const command = [process.execPath, SCRIPTED, '--init-delay=3000'] as const
  await using gateway = await startWith('supervised', { agents: { slow: { command } } })
  const session = await gateway.newSession('slow')
  const { turn } = await gateway.client.prompt(session, { prompt: 'hello' })
  await vi.waitFor(() => expect(gateway.agents()).toHaveLength(1), 10_000)
  const { epoch } = await gateway.client.status()
  await gateway.client.restartGateway({})
  expect(await gateway.died(5_000)).toMatchObject({ code: 86 })
  await gateway.start()
  await nextLife(gateway, epoch)
  expect((await gateway.ended(session, turn.id)).state).toBe('completed')
})

test('a successor that is killed before it stands by: the restart is refused and the gateway goes on; a later one succeeds (G6)', async () => {
  await using gateway = await startWith('successor')
  const { pid, epoch } = await gateway.client.status()
  const refused = gateway.client.restartGateway({}).catch((error: unknown) => error)
  killPid(await successorOf(gateway), 'SIGKILL')
  expect(await refused).toMatchObject({ code: 'RESTART_REFUSED' })
  expect(await gateway.client.status()).toMatchObject({ pid, epoch, state: 'ready' })
  await gateway.client.restartGateway({})
  expect((await nextLife(gateway, epoch)).pid).not.toBe(pid)
  await gateway.stopWhoeverServes()
})

test('a successor that is killed when it is its turn: the old process takes the lock again and goes on (G7)', async () => {
  await using gateway = await startWith('successor', { config: { restart: { mode: 'drain' } } })
  const { session, turn } = await running(gateway, '@sleep 800 @say through')
  const { pid, epoch } = await gateway.client.status()
  await gateway.client.restartGateway({})
  killPid(await successorOf(gateway), 'SIGKILL') // it stands by while the turn has its time
  expect((await nextLife(gateway, epoch)).pid).toBe(pid)
  expect(await gateway.client.getTurn(session, turn)).toMatchObject({ state: 'completed' })
  expect(gateway.output).toContain('the successor ended; this process goes on')
})

test('the gateway is killed while its successor stands by: the successor takes over without being told', async () => {
  await using gateway = await startWith('successor', { config: { restart: { mode: 'drain' } } })
  const { session, turn } = await running(gateway, '@sleep 1500 @say through')
  const { epoch } = await gateway.client.status()
  await gateway.client.restartGateway({})
  const successor = await successorOf(gateway)
  await gateway.kill('SIGKILL')
  expect((await nextLife(gateway, epoch)).pid).toBe(successor)
  expect((await gateway.ended(session, turn)).state).toBe('completed')
  await gateway.stopWhoeverServes()
})

test('T19: SIGTERM during the drain of a restart makes it a stop: exit 0, no successor, nothing left', async () => {
  await using gateway = await startWith('successor', { config: { restart: { mode: 'drain' } } })
  const { session, turn } = await running(gateway, '@sleep 800 @say through')
  await gateway.client.restartGateway({})
  expect(await gateway.kill('SIGTERM')).toBe(0)
  await until(() => gateway.leaks().length === 0, { ms: 5_000, what: () => JSON.stringify(gateway.leaks()) })
  await gateway.start()
  expect(await gateway.client.getTurn(session, turn)).toMatchObject({ state: 'completed' })
})

async function occupy(): Promise<{ server: Server; port: number }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve))
  return { server, port: (server.address() as AddressInfo).port }
}

test('T18: a restart in the process that fails leaves it alive and the lock free; holdfast restart gets through by signal, and the next life has the lock', async () => {
  await using gateway = await startWith('in-process')
  const { pid, epoch } = await gateway.client.status()
  const { server, port } = await occupy()
  const file = join(gateway.home, 'config.jsonc')
  const config = JSON.parse(readFileSync(file, 'utf8')) as object
  writeFileSync(file, JSON.stringify({ ...config, http: { enabled: true, port } }))
  await gateway.client.restartGateway({})
  await vi.waitFor(() => expect(gateway.output).toContain('correct the cause, then: holdfast restart'), 15_000)
  expect(hasEnded(gateway)).toBe(false)
  const lockFile = join(gateway.home, 'state/instance.lock')
  const oneself = { pid, start: readStart(pid), boot: readBoot(), version: '0.0.0', since: 0 }
  ;(await acquireInstanceLock(lockFile, oneself, { waitMs: 0 }))[Symbol.dispose]()
  await new Promise((resolve) => server.close(resolve))
  const { code, stdout, stderr } = await gateway.run('restart')
  expect([code, stdout]).toEqual([0, expect.stringContaining(`restarted: gateway ${pid}, the same process`)])
  expect(stderr).toContain('it was asked to restart by a signal')
  expect((await gateway.client.status()).epoch).toBeGreaterThan(epoch)
  const second = acquireInstanceLock(lockFile, oneself, { waitMs: 0 }) // T18: it did not begin without its lock
  await expect(second).rejects.toMatchObject({ code: 'INSTANCE_LOCKED' })
  expect(await gateway.kill('SIGTERM')).toBe(0)
}, 60_000)

/** As in the row of the lock, which keeps naming who had it last. */
function readStart(pid: number): string {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19]!
}

function readBoot(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

test('T17: a restart that is asked for in the start, by an authorised signal, is carried out when it is ready', async () => {
  await using gateway = await TestGateway.prepare()
  const child = gateway.launch({ HOLDFAST_RESTART_WAY: 'in-process', HOLDFAST_RESTART_ON_SIGNAL: 'true' })
  const hasBegun = (): boolean => {
    try {
      return readFileSync(join(gateway.home, 'state/token'), 'utf8') !== ''
    } catch {
      return false
    }
  }
  await until(hasBegun, { ms: 20_000, what: () => 'the token is made, right before it listens', intervalMs: 1 })
  killPid(child.pid, 'SIGUSR1')
  await nextLife(gateway, 1)
  expect(hasEnded(gateway)).toBe(false)
})
