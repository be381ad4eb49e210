// What `holdfast conformance` needs from the program around it. Filled in by src/bin.

export interface ConformanceChoice {
  /** A command line, or the name of an agent of the configuration. */
  readonly agent: string
  /** Where the command is started: paths in it are meant from here. */
  readonly cwd: string
  /** `NAME=value`, or `NAME` for the value that it has here. */
  readonly env: readonly string[]
  readonly modelUrl: string | undefined
  /** Bound of each single request, in milliseconds. */
  readonly stepMs: number
}

export interface FindingView {
  readonly about: string
  readonly verdict: 'yes' | 'no' | 'failed' | 'untested'
  /** May hold words of the agent. */
  readonly detail: string
  readonly ms: number | undefined
}

export interface ConformanceView {
  readonly agent: string | undefined
  readonly protocolVersion: number | undefined
  readonly conforms: boolean
}

export interface ConformancePort extends AsyncDisposable {
  readonly argv: readonly string[]
  /** Where its sessions are; empty, and gone when this is disposed of. */
  readonly cwd: string
  readonly prompts: readonly string[]
  /** CANCELLED when `signal` aborts; every process that was started has ended when it settles. */
  run(signal: AbortSignal, onFinding: (finding: FindingView) => void): Promise<ConformanceView>
}
