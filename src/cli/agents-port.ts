// What the commands about agents need from the program around them. Filled in by src/bin: only a person who types a command can import
// or install; the API cannot.

export interface ImportedAgents {
  /** Names that can be installed and used now. */
  readonly names: readonly string[]
  /** Names that Holdfast knows itself: what the registry says of them is not used. */
  readonly known: readonly string[]
}

export interface InstallRequest {
  readonly name: string
  /** Undefined: the one that is known to work, or that the registry says. */
  readonly version: string | undefined
  /** The install scripts of its packages may run. */
  readonly allowScripts: boolean
  readonly signal: AbortSignal
}

export interface InstalledAgent {
  readonly name: string
  readonly version: string
  /** Absolute path of its program. */
  readonly program: string
  /** False: it was there already. */
  readonly isNew: boolean
  /** Of an archive. */
  readonly sha256: string | undefined
  /** What a person does to log in. */
  readonly loginHelp: string | undefined
}

export interface AgentsPort {
  /** AGENT_IMPORT_FAILED: nothing has changed then. `source` is an absolute path or an https address. */
  importRegistry(source: string, signal: AbortSignal): Promise<ImportedAgents>
  /** AGENT_UNKNOWN, AGENT_INSTALL_FAILED, CANCELLED: nothing of the attempt is left then. */
  install(request: InstallRequest): Promise<InstalledAgent>
  /** False when it was not installed. */
  uninstall(name: string): Promise<boolean>
}
