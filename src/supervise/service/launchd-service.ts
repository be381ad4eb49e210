// The service under launchd, for the user who is logged in. Owns its property list. Written after launchctl(1); not run on a Mac yet.

import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { HoldfastError } from '../../base/errors.ts'
import { followTool } from '../../process/follow-tool.ts'
import { findTool, runBriefly, TOOL_PATH, type BriefRun } from '../../process/run-briefly.ts'
import type { Variables } from '../detect-supervisor.ts'
import { LAUNCHD_LABEL, launchdPlist } from '../units/launchd-plist.ts'
import type { ServicePlan } from '../units/service-plan.ts'
import type { LogRequest, ServiceControl, ServiceFile, ServiceState } from './service-control.ts'
import { lookAt, readText, removeServiceFile, writeServiceFiles } from './service-files.ts'

export interface LaunchdPlaces {
  /** ~/Library/LaunchAgents */
  readonly agentsDir: string
  readonly uid: number
}

/** launchd's own bound of a stop, and some more. */
const RUN_MS_MAX = 30_000

export class LaunchdService implements ServiceControl {
  readonly #plan: ServicePlan
  readonly #env: Variables
  readonly #path: string
  readonly #domain: string

  constructor(plan: ServicePlan, env: Variables, { agentsDir, uid }: LaunchdPlaces) {
    this.#plan = plan
    this.#env = env
    this.#path = join(agentsDir, `${LAUNCHD_LABEL}.plist`)
    this.#domain = `gui/${uid}`
  }

  files(): readonly ServiceFile[] {
    return [lookAt({ path: this.#path, text: launchdPlist(this.#plan) })]
  }

  install(options: { readonly force: boolean }): Promise<void> {
    writeServiceFiles(this.files(), options)
    return this.#must(['enable', this.#target])
  }

  async uninstall(): Promise<readonly string[]> {
    const gone = this.files().filter(({ found }) => found !== 'missing' && found !== 'foreign')
    if (gone.length > 0) await this.stop()
    return gone.filter((file) => removeServiceFile(file)).map(({ path }) => path)
  }

  /** A job that is loaded is started; one that is not is loaded, which starts it. */
  async start(): Promise<void> {
    this.#assertInstalled()
    if (await this.#isLoaded()) return this.#must(['kickstart', this.#target])
    return this.#must(['bootstrap', this.#domain, this.#path])
  }

  async stop(): Promise<void> {
    this.#assertInstalled()
    if (await this.#isLoaded()) await this.#must(['bootout', this.#target])
  }

  async restart(): Promise<void> {
    this.#assertInstalled()
    if (!(await this.#isLoaded())) return this.start()
    return this.#must(['kickstart', '-k', this.#target])
  }

  async state(): Promise<ServiceState> {
    const files = this.files()
    const text = readText(this.#path)
    const isInstalled = text !== undefined && files[0]?.found !== 'foreign'
    const { exit, stdout } = isInstalled ? await this.#run(['print', this.#target]) : { exit: undefined, stdout: '' }
    const isLoaded = exit?.code === 0
    return {
      manager: 'launchd',
      name: LAUNCHD_LABEL,
      isInstalled,
      isEnabled: isInstalled,
      activity: isLoaded
        ? (/^\s*state = (.*)$/m.exec(stdout)?.[1] ?? 'loaded')
        : isInstalled
          ? 'not loaded'
          : 'not installed',
      pid: Number(/^\s*pid = (\d+)$/m.exec(stdout)?.[1]) || undefined,
      lingers: undefined,
      searchPath: isInstalled ? this.#plan.env['PATH'] : undefined,
      files,
    }
  }

  logs({ lines, follow, signal, onText }: LogRequest): Promise<void> {
    this.#assertInstalled()
    const argv: [string, ...string[]] = ['tail', '-n', String(lines), ...(follow ? ['-F'] : []), this.#plan.logFile]
    return followTool({ argv, env: this.#env, signal, onText })
  }

  get #target(): string {
    return `${this.#domain}/${LAUNCHD_LABEL}`
  }

  async #isLoaded(): Promise<boolean> {
    const { exit } = await this.#run(['print', this.#target])
    return exit.code === 0
  }

  #assertInstalled(): void {
    if (!existsSync(this.#path)) throw new HoldfastError('SERVICE_NOT_INSTALLED')
  }

  async #must(args: readonly string[]): Promise<void> {
    const { exit, stderr } = await this.#run(args)
    if (exit.code === 0) return
    const reason = `launchctl ${args[0]}: ${stderr.trim() || `ended with ${exit.code ?? exit.signal}`}`
    throw new HoldfastError('SUPERVISOR_UNAVAILABLE', { reason })
  }

  #run(args: readonly string[]): Promise<BriefRun> {
    const tool = findTool('launchctl', TOOL_PATH)
    if (tool === undefined) throw new HoldfastError('SUPERVISOR_UNAVAILABLE', { reason: 'there is no launchctl' })
    return runBriefly([tool, ...args], { msMax: RUN_MS_MAX })
  }
}
