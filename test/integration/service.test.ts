// The gateway as a service: what is written, whether systemd takes it, and what becomes of turns under a real manager of a user.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { gatewayUnit, socketUnit } from '../../src/supervise/units/gateway-unit.ts'
import { keeperUnit } from '../../src/supervise/units/keeper-unit.ts'
import { LAUNCHER } from '../_support/launcher.ts'
import { programAbility } from '../_support/line-program.ts'
import { oddPlan } from '../_support/service-plan.ts'
import { until } from '../_support/until.ts'
import { managerAbility, UserManager } from '../_support/user-manager.ts'
import { testWhere } from '../_support/where-it-works.ts'

const SCRIPTED = join(import.meta.dirname, '../agents/scripted-agent.mjs')

test('install --dry-run prints the files and writes none; without a manager an install writes none either', () => {
  const home = mkdtempSync(join(tmpdir(), 'hf-service-'))
  try {
    const env = { PATH: process.env['PATH'], HOME: home, HOLDFAST_HOME: join(home, 'own') }
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [LAUNCHER, 'service', ...args], { env, encoding: 'utf8' })
    const { status, stdout } = run('install', '--dry-run', '--socket')
    expect({ status, names: stdout.match(/^==> .* <==$/gm)?.map((line) => line.split('/').at(-1)) }).toEqual({
      status: 0,
      names: ['holdfast.service <==', 'holdfast-keeper@.service <==', 'holdfast.socket <=='],
    })
    expect(stdout).toContain(`ExecStart=${process.execPath}`)
    expect(run('install')).toMatchObject({
      status: 69,
      stderr: expect.stringMatching(/SUPERVISOR_UNAVAILABLE/) as string,
    })
    expect(run('start')).toMatchObject({ status: 1, stderr: expect.stringMatching(/SERVICE_NOT_INSTALLED/) as string })
    expect(readdirSync(home).filter((name) => name !== '.cache')).toEqual([]) // compiled code
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
})

testWhere(
  [programAbility('systemd-analyze', '--version')],
  'systemd takes the units without a word, also with odd paths',
  async () => {
    const root = mkdtempSync(join(tmpdir(), 'hf-units-'))
    try {
      const plan = oddPlan(root)
      mkdirSync(plan.stateDir, { recursive: true })
      writeFileSync(join(root, 'holdfast.service'), gatewayUnit(plan))
      writeFileSync(join(root, 'holdfast-keeper@.service'), keeperUnit(plan))
      writeFileSync(join(root, 'holdfast.socket'), socketUnit(plan))
      const units = ['holdfast.service', 'holdfast-keeper@7.service', 'holdfast.socket'].map((name) => join(root, name))
      const env = { ...process.env, XDG_RUNTIME_DIR: root }
      const { status, stderr } = spawnSync('systemd-analyze', ['--user', 'verify', ...units], { env, encoding: 'utf8' })
      expect({ status, ours: stderr.split('\n').filter((line) => line.includes('holdfast')) }).toEqual({
        status: 0,
        ours: [],
      })
      writeFileSync(join(root, 'holdfast.service'), gatewayUnit(plan).replace('Type=notify', 'Type=notified'))
      const broken = spawnSync('systemd-analyze', ['--user', 'verify', ...units], { env, encoding: 'utf8' })
      expect(broken.stderr).toMatch(/notified/)
    } finally {
      rmSync(root, { recursive: true, force: true })
    }
  },
  20_000,
)

testWhere(
  [managerAbility()],
  'under systemd a turn outlives a crash, a restart by us and a restart by systemd; a stop leaves nothing; a hang is ended',
  async () => {
    await using manager = new UserManager()
    await manager.ready()
    const config = join(manager.home, '.config/holdfast')
    const agents = { scripted: { command: [process.execPath, SCRIPTED, `--state=${manager.home}`] } }
    mkdirSync(config, { recursive: true })
    writeFileSync(join(config, 'config.jsonc'), JSON.stringify({ http: { enabled: false }, agents }))
    writeFileSync(join(config, 'service.env'), 'HOLDFAST_SUPERVISION_CRASHES_MAX=0\n')
    const dropIn = join(manager.home, '.config/systemd/user/holdfast.service.d')
    mkdirSync(dropIn, { recursive: true })
    writeFileSync(join(dropIn, 'fast.conf'), '[Service]\nRestartSec=100ms\nWatchdogSec=2\n')

    const done = async (...args: string[]): Promise<string> => {
      const { code, out, err } = await manager.holdfast(...args)
      expect({ args, code, err: code === 0 ? '' : err }).toEqual({ args, code: 0, err: '' })
      return out
    }
    const mainPid = (): Promise<string> => manager.show('holdfast.service', 'MainPID')
    const anotherThan = async (old: string): Promise<void> => {
      const isNew = async (): Promise<boolean> => {
        // In this order: right after a kill systemd still says active, of no process at all.
        if (['0', old].includes(await mainPid())) return false
        return (await manager.show('holdfast.service', 'ActiveState')) === 'active'
      }
      await until(isNew, { ms: 15_000, what: () => 'systemd started it again', intervalMs: 100 })
    }
    await done('service', 'install', '--now')
    expect(await done('service', 'status')).toMatch(/holdfast\.service \(systemd\): active \(running\)/)
    expect(await done('service', 'logs', '-n', '50')).toMatch(/^holdfast: ready on .*gateway\.sock$/m)
    await done('sessions', 'ensure', 's1', '--agent', 'scripted', '--cwd', manager.home)
    await done('prompt', '-s', 's1', '--no-wait', '@chunks 60 100')
    await until(async () => (await done('events', 's1')).includes('chunk 1'), {
      ms: 10_000,
      what: () => 'the turn runs',
    })

    const first = await mainPid()
    await manager.run('kill', '-9', first)
    await anotherThan(first)
    const second = await mainPid()
    await done('restart')
    expect(await mainPid()).not.toBe(second)
    const third = await mainPid()
    await done('service', 'restart')
    expect(await mainPid()).not.toBe(third)
    const shown = async (): Promise<string> => done('sessions', 'show', 's1')
    await until(async () => /completed +yes/.test(await shown()), {
      ms: 15_000,
      what: () => 'the turn ends',
      intervalMs: 200,
    })
    expect((await done('events', 's1')).match(/chunk \d+/g)).toHaveLength(60)
    expect((await manager.run('systemctl', '--user', 'list-units', '--no-legend', 'holdfast-keeper@*')).out).toMatch(
      /holdfast-keeper@1\.service +loaded active running/,
    )

    const fourth = await mainPid()
    await manager.run('kill', '-STOP', fourth)
    await anotherThan(fourth)
    await done('service', 'uninstall')
    expect((await manager.run('systemctl', '--user', 'list-units', '--all', '--no-legend', 'holdfast*')).out).toBe('')
    expect((await manager.run('pgrep', '-f', 'scripted-agent|keeper')).out).toBe('')
  },
  60_000,
)
