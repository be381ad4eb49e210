// What the demo agent keeps of an open session. The conversation itself is in the transcripts.

export interface DemoSession {
  readonly id: string
  readonly cwd: string
  /** Prompts so far, the running one included. */
  prompts: number
  /** The user has allowed writing for the rest of this process. */
  alwaysAllowed: boolean
  /** Aborts the running turn; undefined when there is none. */
  running: AbortController | undefined
}
