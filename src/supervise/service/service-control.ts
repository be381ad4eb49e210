// What can be done with an installed service, whatever manages it. systemd and launchd each have one.

export interface ServiceFile {
  readonly path: string
  /** What an install writes. */
  readonly text: string
  /** `stale`: ours, of another version or for other programs. `differs`: ours, with other settings. `foreign`: not ours. */
  readonly found: 'missing' | 'current' | 'differs' | 'stale' | 'foreign'
}

export interface ServiceState {
  readonly manager: 'systemd' | 'launchd'
  /** Name for the manager's own commands. */
  readonly name: string
  readonly isInstalled: boolean
  readonly isEnabled: boolean
  /** In the manager's words, such as `active (running)`. */
  readonly activity: string
  readonly pid: number | undefined
  /** Whether it runs while its user is not logged in; undefined where that is no question. */
  readonly lingers: boolean | undefined
  /** PATH of the installed service. */
  readonly searchPath: string | undefined
  readonly files: readonly ServiceFile[]
}

export interface LogRequest {
  readonly lines: number
  readonly follow: boolean
  readonly signal: AbortSignal
  onText(text: string): void
}

/** All: SUPERVISOR_UNAVAILABLE when the manager cannot be asked. */
export interface ServiceControl {
  /** What an install writes, and what is there. Asks nobody. */
  files(): readonly ServiceFile[]
  /** Writes, enables, starts nothing. SERVICE_UNSAFE for a file that is not ours, unless forced. Doing it twice changes nothing. */
  install(options: { readonly force: boolean }): Promise<void>
  /** Stops, disables, removes what is ours. Resolves with the files that are gone. */
  uninstall(): Promise<readonly string[]>
  /** Resolves when it is ready. SERVICE_NOT_INSTALLED, GATEWAY_START_FAILED. */
  start(): Promise<void>
  stop(): Promise<void>
  /** Agents and running turns go on where they can. */
  restart(): Promise<void>
  state(): Promise<ServiceState>
  /** Resolves at the end of the log, with `follow` when `signal` aborts. */
  logs(request: LogRequest): Promise<void>
}
