// A gateway and what supervises it: word of how it is, sockets that outlive it, a stop that fits. The real service manager is in
// test/integration/service.test.ts; here it is played, so that it can be looked at.

import { mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { killPid } from '../_support/kill.ts'
import { LAUNCHER } from '../_support/launcher.ts'
import { LineProgram, perlAbility, programAbility } from '../_support/line-program.ts'
import { TestGateway } from '../_support/test-gateway.ts'
import { until } from '../_support/until.ts'
import { testWhere } from '../_support/where-it-works.ts'

const PERL = perlAbility()
const NOTIFY = programAbility('systemd-notify', '--version')
const SUPPORT = join(import.meta.dirname, '../_support')
const MS = 30_000

interface Heard {
  readonly atMs: number
  readonly fields: readonly string[]
}

class Manager extends LineProgram {
  readonly socket: string

  constructor(home: string) {
    const socket = join(home, 'notify.sock')
    super(['perl', join(SUPPORT, 'notify-receiver.pl'), socket])
    this.socket = socket
  }

  get heard(): Heard[] {
    const rows = this.lines.slice(1).map((line) => line.split('|'))
    return rows
      .map(([at, ...fields]) => ({ atMs: Number(at) * 1_000, fields }))
      .filter(({ fields }) => fields[0] !== 'BARRIER=1')
  }

  alive(): Heard[] {
    return this.heard.filter(({ fields }) => fields.includes('WATCHDOG=1'))
  }

  async hears(field: string | RegExp): Promise<Heard> {
    const find = () =>
      this.heard.find(({ fields }) =>
        fields.some((each) => (typeof field === 'string' ? each === field : field.test(each))),
      )
    await until(() => find() !== undefined, { ms: 15_000, what: () => `${String(field)}: ${this.lines.join(' ')}` })
    return find()!
  }
}

/** A new connection each: what is asked is whether it is let in. */
function statusOf(where: { socketPath: string } | { port: number }): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', ...where, path: '/livez', agent: false }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode ?? 0))
    })
    asked.once('error', reject).end()
  })
}

/** Somebody who holds the sockets of a gateway and starts it for each line that is said. */
function hold({ home, workspace, mark }: TestGateway): LineProgram {
  mkdirSync(join(home, 'run'), { mode: 0o700 })
  const [name, value] = mark.split('=') as [string, string]
  const env = { ...process.env, HOLDFAST_HOME: home, HOLDFAST_SUPERVISION_CRASHES_MAX: '0', [name]: value }
  const program = [process.execPath, LAUNCHER, 'serve']
  const argv = ['perl', join(SUPPORT, 'socket-holder.pl'), join(home, 'run/gateway.sock'), ...program] as const
  return new LineProgram([...argv], { env, cwd: workspace })
}

function descriptorsOf(pid: number): string[] {
  const descriptors = readdirSync(`/proc/${pid}/fd`)
  return descriptors.map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`)
    } catch {
      return '' // closed meanwhile
    }
  })
}

const environOf = (pid: number): string => readFileSync(`/proc/${pid}/environ`, 'latin1')

testWhere(
  [PERL, NOTIFY],
  'F 125: READY comes after the reaper, WATCHDOG while there is progress, STOPPING at the drain; no child sees the socket',
  async () => {
    await using gateway = await TestGateway.start()
    await gateway.ask(await gateway.newSession('stubborn'), 'hello')
    const warden = (await gateway.client.status()).warden_pid
    // Nobody is left who would end the agent: that is the reaper's.
    for (const pid of [gateway.pid, ...gateway.keepers(), warden]) killPid(pid, 'SIGKILL')
    await gateway.died()
    expect(gateway.agents()).not.toEqual([])
    await using manager = new Manager(gateway.home)
    await manager.said(/^listening$/)
    gateway.launch({ NOTIFY_SOCKET: manager.socket, WATCHDOG_USEC: '300000' })
    const { fields, atMs } = await manager.hears('READY=1')
    expect(gateway.agents()).toEqual([])
    expect(await gateway.client.isReady()).toBe(true)
    expect(fields).toContainEqual(expect.stringMatching(/^STATUS=ready, epoch \d+$/))
    await until(() => manager.alive().length >= 3, { ms: 10_000, what: () => manager.lines.join(' ') })
    await gateway.ask(await gateway.newSession(), 'hello')
    expect(gateway.leaks().length).toBeGreaterThanOrEqual(2)
    for (const { pid } of gateway.leaks()) expect(environOf(pid)).not.toMatch(/NOTIFY_SOCKET|WATCHDOG_USEC/)
    expect(await gateway.kill('SIGTERM')).toBe(0)
    expect((await manager.hears('STOPPING=1')).atMs).toBeGreaterThan(atMs)
    await manager.hears(/^EXTEND_TIMEOUT_USEC=30000000$/)
  },
  MS,
)

testWhere(
  [PERL, NOTIFY],
  'F 125: the watchdog hears nothing while the loop is blocked, and nothing more when the store hangs',
  async () => {
    await using gateway = await TestGateway.prepare()
    await using manager = new Manager(gateway.home)
    await manager.said(/^listening$/)
    const watched = { NOTIFY_SOCKET: manager.socket, WATCHDOG_USEC: '300000' }
    await gateway.start({ ...watched, HOLDFAST_FAILPOINT: 'accept.stored=block:1200' })
    await until(() => manager.alive().length >= 2, { ms: 10_000, what: () => manager.lines.join(' ') })
    const before = manager.alive().length
    await gateway.ask(await gateway.newSession(), 'hello')
    await until(() => manager.alive().length >= before + 3, { ms: 10_000, what: () => manager.lines.join(' ') })
    const times = manager.alive().map(({ atMs }) => atMs)
    const gaps = times.slice(1).map((atMs, i) => atMs - times[i]!)
    expect(Math.max(...gaps)).toBeGreaterThan(1_000)
    await gateway.kill('SIGTERM')

    gateway.output = ''
    await gateway.start({ ...watched, HOLDFAST_FAILPOINT: 'accept.stored=hang' })
    gateway.client.prompt(await gateway.newSession(), { prompt: 'hello' }).catch(() => {})
    await until(() => gateway.output.includes('the watchdog is not told'), { ms: 10_000, what: () => gateway.output })
    const last = manager.alive().length
    expect(await gateway.client.isReady()).toBeTypeOf('boolean') // the loop turns
    await gateway.kill('SIGKILL')
    expect(manager.alive()).toHaveLength(last)
  },
  MS,
)

test('a gateway whose manager cannot be told runs as well, and says so once', async () => {
  await using gateway = await TestGateway.prepare()
  await gateway.start({ NOTIFY_SOCKET: join(gateway.home, 'nobody.sock'), WATCHDOG_USEC: '300000' })
  const told = 'the service manager cannot be told how this gateway is'
  await until(() => gateway.output.includes(told), { ms: 15_000, what: () => gateway.output })
  expect((await gateway.ask(await gateway.newSession(), 'hello')).state).toBe('completed')
  expect(await gateway.kill('SIGTERM')).toBe(0)
  expect(gateway.output.split(told)).toHaveLength(2)
})

test('a drain that somebody chose and that the supervisor would cut is refused: 78, with both numbers; the default is shortened', async () => {
  await using gateway = await TestGateway.prepare()
  const unit = {
    HOLDFAST_SUPERVISOR: 'systemd:holdfast.service:user',
    INVOCATION_ID: 'abc',
    HOLDFAST_STOP_BUDGET_MS: '90000',
  }
  gateway.launch({ ...unit, HOLDFAST_DEADLINES_DRAIN_MS: '100000' })
  expect(await gateway.died()).toMatchObject({ code: 78 })
  expect(gateway.output).toMatch(/drainMs is 100 s, but systemd \(holdfast\.service\) ends a stop after 90 s/)
  gateway.output = ''
  await gateway.start(unit)
  expect(gateway.output).toMatch(/ends a stop after 90 s: running turns have 70 s instead of 120 s/)
  await gateway.kill('SIGTERM')
  expect(gateway.output).toMatch(/running turns have 70 s/)
})

testWhere(
  [PERL],
  'sockets that are held: 40 of 40 requests are answered over a restart, and over a SIGKILL those that came while nobody was there',
  async () => {
    await using gateway = await TestGateway.prepare({ config: { http: { enabled: true } } })
    await using holder = hold(gateway)
    // What it starts is not the gateway's own child.
    using _end = { [Symbol.dispose]: () => gateway.leaks().forEach(({ pid }) => killPid(pid, 'SIGKILL')) }
    const [, port] = await holder.said(/^holding (\d+)$/)
    const ask = (i: number): Promise<number> =>
      statusOf(i % 2 === 0 ? { socketPath: join(gateway.home, 'run/gateway.sock') } : { port: Number(port) })
    holder.say('start')
    await until(() => gateway.client.isReady(), { ms: 15_000, what: () => holder.stderr })
    const [, first] = await holder.said(/^started (\d+)$/)
    const held = [3, 4].map((fd) => readlinkSync(`/proc/${first}/fd/${fd}`))
    const children = gateway.keepers()
    expect(children).toHaveLength(1)
    for (const target of descriptorsOf(children[0]!)) expect(held).not.toContain(target)

    const answers: Promise<number>[] = []
    for (let i = 0; i < 40; i++) {
      answers.push(ask(i))
      if (i === 10) killPid(Number(first), 'SIGTERM')
      if (i === 20) await holder.said(/^exited 0$/)
      if (i === 30) holder.say('start')
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    expect(await Promise.all(answers)).toEqual(answers.map(() => 200))

    const from = holder.lines.length - 1
    const [, second] = await holder.said(/^started (\d+)$/, from)
    killPid(Number(second), 'SIGKILL')
    await holder.said(/^exited signal 9$/)
    const late = Array.from({ length: 40 }, (_, i) => ask(i))
    holder.say('start')
    expect(await Promise.all(late)).toEqual(late.map(() => 200))
  },
  MS,
)
