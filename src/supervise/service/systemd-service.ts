// The service under systemd, of a user or of the system. Owns its unit files; asks systemd for everything else.

import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { ignore } from '../../base/deadline.ts'
import { HoldfastError } from '../../base/errors.ts'
import { followTool } from '../../process/follow-tool.ts'
import type { Variables } from '../detect-supervisor.ts'
import { runSystemctl } from '../systemctl.ts'
import { gatewayUnit, socketUnit, stopBudgetOf } from '../units/gateway-unit.ts'
import { keeperUnit } from '../units/keeper-unit.ts'
import { UNIT_NAMES, type ServicePlan } from '../units/service-plan.ts'
import { readEnvironment } from '../units/unit-text.ts'
import type { LogRequest, ServiceControl, ServiceFile, ServiceState } from './service-control.ts'
import { lookAt, readText, removeServiceFile, writeServiceFiles } from './service-files.ts'

export interface SystemdPlaces {
  /** Where units of this scope are. */
  readonly unitDir: string
  /** Has a file with the name of each user whose services run without a login. */
  readonly lingerDir: string
  readonly userName: string
}

const START_MS_MAX = 310_000
/** What systemctl may take beyond the bound that systemd itself keeps. */
const MARGIN_MS = 10_000
const TAIL_LINES = 12

export class SystemdService implements ServiceControl {
  readonly #plan: ServicePlan
  readonly #env: Variables
  readonly #places: SystemdPlaces

  constructor(plan: ServicePlan, env: Variables, places: SystemdPlaces) {
    this.#plan = plan
    this.#env = env
    this.#places = places
  }

  files(): readonly ServiceFile[] {
    const { hasSocket } = this.#plan
    return [
      this.#look(UNIT_NAMES.gateway, gatewayUnit(this.#plan)),
      this.#look(UNIT_NAMES.keeper, keeperUnit(this.#plan)),
      ...(hasSocket ? [this.#socket()] : []),
    ]
  }

  async install(options: { readonly force: boolean }): Promise<void> {
    await this.#assertReachable()
    const files = this.files()
    if (!this.#plan.hasSocket) await this.#dropSocket()
    writeServiceFiles(files, options)
    await this.#must(['daemon-reload'])
    const names = [UNIT_NAMES.gateway, ...(this.#plan.hasSocket ? [UNIT_NAMES.socket] : [])]
    await this.#must(['enable', ...names])
  }

  async uninstall(): Promise<readonly string[]> {
    const files = [...this.files(), ...(this.#plan.hasSocket ? [] : [this.#socket()])]
    if (files.some(({ found }) => found !== 'missing' && found !== 'foreign')) {
      await this.stop()
      const names = files.filter(isRemovable).map(({ path }) => path.slice(this.#places.unitDir.length + 1))
      await this.#must(['disable', ...names])
    }
    const gone = files.filter((file) => removeServiceFile(file)).map(({ path }) => path)
    if (gone.length > 0) await this.#must(['daemon-reload'])
    return gone
  }

  start(): Promise<void> {
    return this.#begin('start', START_MS_MAX)
  }

  async stop(): Promise<void> {
    this.#assertInstalled()
    // Its socket first: what connects to it would start the gateway again.
    const hasSocket = existsSync(this.#pathOf(UNIT_NAMES.socket))
    const names = [...(hasSocket ? [UNIT_NAMES.socket] : []), UNIT_NAMES.gateway]
    await this.#must(['stop', ...names], stopBudgetOf(this.#plan) + MARGIN_MS)
  }

  restart(): Promise<void> {
    return this.#begin('restart', stopBudgetOf(this.#plan) + START_MS_MAX)
  }

  async state(): Promise<ServiceState> {
    const files = this.files()
    const text = readText(this.#pathOf(UNIT_NAMES.gateway))
    const isInstalled = files[0] !== undefined && files[0].found !== 'missing' && files[0].found !== 'foreign'
    const shown = isInstalled ? await this.#show() : {}
    const { lingerDir, userName } = this.#places
    return {
      manager: 'systemd',
      name: UNIT_NAMES.gateway,
      isInstalled,
      isEnabled: shown['UnitFileState'] === 'enabled',
      activity: isInstalled ? `${shown['ActiveState']} (${shown['SubState']})` : 'not installed',
      pid: Number(shown['MainPID']) || undefined,
      lingers: this.#plan.scope === 'user' ? existsSync(join(lingerDir, userName)) : undefined,
      searchPath: isInstalled ? readEnvironment(text ?? '', 'PATH') : undefined,
      files,
    }
  }

  async logs({ lines, follow, signal, onText }: LogRequest): Promise<void> {
    this.#assertInstalled()
    const argv: [string, ...string[]] = [...this.#journal(lines), ...(follow ? ['--follow'] : [])]
    await followTool({ argv, env: this.#env, signal, onText })
  }

  /** GATEWAY_START_FAILED with what the gateway said last. */
  async #begin(verb: 'start' | 'restart', msMax: number): Promise<void> {
    this.#assertInstalled()
    const { exit, stderr } = await this.#run([verb, UNIT_NAMES.gateway], msMax)
    if (exit.code === 0) return
    const log = this.#journal(TAIL_LINES).join(' ')
    throw new HoldfastError('GATEWAY_START_FAILED', { reason: reasonOf(stderr), log, tail: await this.#tail() })
  }

  async #tail(): Promise<string> {
    let tail = ''
    const request = { lines: TAIL_LINES, follow: false, signal: new AbortController().signal }
    await this.logs({ ...request, onText: (text) => (tail += text) }).catch(ignore('the reason is told without it'))
    return tail.trimEnd()
  }

  #journal(lines: number): [string, ...string[]] {
    const option = this.#plan.scope === 'user' ? '--user-unit' : '--unit'
    return ['journalctl', `${option}=${UNIT_NAMES.gateway}`, '--no-pager', '--output=cat', `--lines=${lines}`]
  }

  /** Settings that a drop-in changed are systemd's to know. */
  async #show(): Promise<Readonly<Record<string, string>>> {
    const names = ['ActiveState', 'SubState', 'MainPID', 'UnitFileState']
    const { stdout } = await this.#must(['show', UNIT_NAMES.gateway, ...names.map((name) => `--property=${name}`)])
    return Object.fromEntries(stdout.split('\n').map((line) => line.split('=', 2) as [string, string]))
  }

  async #dropSocket(): Promise<void> {
    const socket = this.#socket()
    if (!isRemovable(socket)) return
    await this.#must(['disable', '--now', UNIT_NAMES.socket])
    removeServiceFile(socket)
  }

  #socket(): ServiceFile {
    return this.#look(UNIT_NAMES.socket, socketUnit(this.#plan))
  }

  #look(name: string, text: string): ServiceFile {
    return lookAt({ path: this.#pathOf(name), text })
  }

  #pathOf(name: string): string {
    return join(this.#places.unitDir, name)
  }

  #assertInstalled(): void {
    if (!existsSync(this.#pathOf(UNIT_NAMES.gateway))) throw new HoldfastError('SERVICE_NOT_INSTALLED')
  }

  /** Before a file is written: a unit that nobody can start helps nobody. */
  async #assertReachable(): Promise<void> {
    await this.#must(['show', '--property=Version'])
  }

  async #must(args: readonly string[], msMax?: number): Promise<{ readonly stdout: string }> {
    const { exit, stdout, stderr } = await this.#run(args, msMax)
    if (exit.code === 0) return { stdout }
    const reason = `systemctl ${args[0]}: ${firstLine(stderr) || `ended with ${exit.code ?? exit.signal}`}`
    throw new HoldfastError('SUPERVISOR_UNAVAILABLE', { reason })
  }

  #run(args: readonly string[], msMax?: number): ReturnType<typeof runSystemctl> {
    const { scope } = this.#plan
    return runSystemctl({ env: this.#env, scope, ...(msMax === undefined ? {} : { msMax }) }, args)
  }
}

const isRemovable = ({ found }: ServiceFile): boolean => found !== 'missing' && found !== 'foreign'

/** systemctl says more lines, each a sentence; the first says what happened. */
function reasonOf(stderr: string): string {
  return firstLine(stderr).replace(/\.+$/, '') || 'systemd gave up'
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? ''
}
