// What the commands about the service need from the program around them. Filled in by src/bin.

export interface ServiceChoice {
  /** Of the machine instead of the user. */
  readonly isSystem: boolean
  /** systemd holds the sockets while the gateway restarts; undefined: as installed. */
  readonly hasSocket: boolean | undefined
}

export interface ServiceFileView {
  readonly path: string
  readonly text: string
  readonly found: 'missing' | 'current' | 'differs' | 'stale' | 'foreign'
}

export interface ServiceStateView {
  readonly manager: 'systemd' | 'launchd'
  readonly name: string
  readonly isInstalled: boolean
  readonly isEnabled: boolean
  /** In the manager's words. */
  readonly activity: string
  readonly pid: number | undefined
  /** Whether it runs while its user is not logged in; undefined where that is no question. */
  readonly lingers: boolean | undefined
  readonly searchPath: string | undefined
  readonly files: readonly ServiceFileView[]
}

/** SUPERVISOR_UNAVAILABLE when the manager cannot be asked, SERVICE_NOT_INSTALLED, SERVICE_UNSAFE, GATEWAY_START_FAILED. */
export interface ServicePort {
  files(): readonly ServiceFileView[]
  install(options: { readonly force: boolean }): Promise<void>
  uninstall(): Promise<readonly string[]>
  start(): Promise<void>
  stop(): Promise<void>
  restart(): Promise<void>
  state(): Promise<ServiceStateView>
  logs(request: {
    readonly lines: number
    readonly follow: boolean
    readonly signal: AbortSignal
    onText(text: string): void
  }): Promise<void>
}

export interface OpenedServicePort {
  readonly control: ServicePort
  /** Settings of this shell that the service will not have. */
  readonly leftOut: readonly string[]
  readonly environmentFile: string
  /** HOLDFAST_HOME that commands need to reach it; undefined when they find it without. */
  readonly home: string | undefined
  readonly user: string | undefined
}
