// What ends a gateway and what does not: signals at every moment of its life, a terminal that is closed, an address that is taken.

import { existsSync, readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect, test, vi } from 'vitest'

import { ownCommand } from '../../src/daemon/own-program.ts'
import { findPortOwner } from '../../src/process/port-owner.ts'
import { acquireInstanceLock } from '../../src/store/instance-lock.ts'
import { killPid } from '../_support/kill.ts'
import { LAUNCHER } from '../_support/launcher.ts'
import { TestGateway } from '../_support/test-gateway.ts'
import { until } from '../_support/until.ts'

const DEBUGGER_PORT = 9229
const ONESELF = { pid: process.pid, start: '1', boot: 'test', version: '0.0.0', since: 0 }

/** Rejects when somebody holds the lock of this home. */
async function assertLockIsFree({ home }: TestGateway): Promise<void> {
  const file = join(home, 'state/instance.lock')
  if (existsSync(file)) (await acquireInstanceLock(file, ONESELF, { waitMs: 0 }))[Symbol.dispose]()
}

/** Accepts no signal before: Node has set its mask and started threads. */
async function untilItsThreadsRun(pid: number): Promise<void> {
  const hasThreads = (): boolean => readdirSync(`/proc/${pid}/task`).length > 1
  await until(hasThreads, { ms: 5_000, what: () => 'Node runs', intervalMs: 1 })
}

test('F 113: SIGTERM to a gateway without work: exit 0 within 3 s, and nothing is left', async () => {
  await using gateway = await TestGateway.start()
  const startedAt = performance.now()
  expect(await gateway.kill('SIGTERM')).toBe(0)
  expect(performance.now() - startedAt).toBeLessThan(3_000)
  expect(gateway.leaks()).toEqual([])
  await assertLockIsFree(gateway)
})

// Moments of a start of about 250 ms, the reaper among them: a gateway and its warden were killed before, an agent of theirs lives.
const MOMENTS_MS = [80, 140, 200, 260]

test('F 118: SIGTERM at any moment of a start, also while it reaps: a clean exit, the lock is free, and nothing is left', async () => {
  await using gateway = await TestGateway.start({ config: { keeper: { hosting: 'inline' } } })
  for (const ms of MOMENTS_MS) {
    const session = await gateway.newSession()
    await gateway.client.prompt(session, { prompt: '@spawn double-fork.mjs @say forked @hang' })
    await vi.waitFor(async () => expect(await gateway.text(session)).toContain('forked'), 10_000)
    const { warden_pid: warden } = await gateway.client.status()
    killPid(warden, 'SIGKILL')
    await gateway.kill('SIGKILL')
    const child = gateway.launch()
    await sleep(ms)
    const code = await gateway.kill('SIGTERM', child)
    // Before the first line of the program the signal still means what it means to every process.
    expect(code === 0 || child.signalCode === 'SIGTERM', `after ${ms} ms: ${code}, ${child.signalCode}`).toBe(true)
    await assertLockIsFree(gateway)
    await gateway.start()
    expect(gateway.agents()).toEqual([])
  }
}, 60_000)

test('F 119: SIGUSR1 opens no debugger, ends nothing and restarts nothing without an authorisation: when it is ready, and from the first millisecond on', async () => {
  await using gateway = await TestGateway.prepare()
  // As Holdfast itself starts gateways.
  const [, ...argv] = ownCommand(['serve'])
  const child = gateway.launch({}, argv)
  await untilItsThreadsRun(child.pid!)
  const isReady = async (): Promise<boolean> => {
    killPid(child.pid, 'SIGUSR1')
    return gateway.output.includes('ready on')
  }
  await until(isReady, { ms: 20_000, what: () => gateway.output, intervalMs: 2 })
  const { epoch } = await gateway.client.status()
  killPid(child.pid, 'SIGUSR1')
  await vi.waitFor(() => expect(gateway.output).toContain('SIGUSR1 ignored'), 5_000)
  expect(gateway.output).not.toContain('Debugger listening')
  expect(findPortOwner({ port: DEBUGGER_PORT })?.pid).not.toBe(child.pid)
  expect(await gateway.client.status()).toMatchObject({ epoch, pid: child.pid, state: 'ready' })
})

test('F 121: a port that is taken: exit 1 within 5 s, its owner is named, the lock is free', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve))
  const { port } = server.address() as AddressInfo
  await using gateway = await TestGateway.prepare({ config: { http: { enabled: true, port } } })
  const startedAt = performance.now()
  const { code, stderr } = await gateway.run('serve')
  expect(performance.now() - startedAt).toBeLessThan(5_000)
  expect(code).toBe(1)
  expect(stderr).toMatch(
    new RegExp(`127\\.0\\.0\\.1:${port} is in use by .+ \\(pid ${process.pid}\\)\\. \\(PORT_IN_USE\\)`),
  )
  await assertLockIsFree(gateway)
  server.close()
})

/** `holdfast serve` in a terminal of its own; what is written to `stdin` is typed there. Killing it closes the terminal. */
function launchInTerminal(gateway: TestGateway): ReturnType<TestGateway['launch']> {
  const command = `exec ${process.execPath} ${LAUNCHER} serve`
  return gateway.spawnProgram('script', ['--quiet', '--flush', '--return', '--command', command, '/dev/null'])
}

const hasTerminals = existsSync('/usr/bin/script')

test.runIf(hasTerminals)(
  'F 124: Ctrl-C in the foreground and a terminal that is closed drain; agents get no signal from the terminal',
  async () => {
    await using gateway = await TestGateway.prepare()
    for (const way of ['typed', 'closed'] as const) {
      const terminal = launchInTerminal(gateway)
      const exited = new Promise<number | null>((resolve) => terminal.once('exit', resolve))
      await until(() => gateway.client.isReady(), { ms: 20_000, what: () => 'the gateway is ready' })
      const { pid } = await gateway.client.status()
      const session = await gateway.newSession()
      const { turn } = await gateway.client.prompt(session, { prompt: `@say ${way} @sleep 800 @say through` })
      await vi.waitFor(async () => expect(await gateway.text(session)).toContain(way), 10_000)
      if (way === 'typed') terminal.stdin?.write('\u0003')
      else terminal.kill('SIGKILL')
      const isGone = (): boolean => !existsSync(`/proc/${pid}`)
      await until(isGone, { ms: 15_000, what: () => 'the gateway has drained' })
      if (way === 'typed') expect(await exited).toBe(0)
      await gateway.start()
      expect(await gateway.client.getTurn(session, turn.id)).toMatchObject({ state: 'completed' })
      await gateway.kill('SIGTERM')
    }
  },
  60_000,
)
