// What the matrix needs to know of an agent: where it is from, how it is started against a model server on loopback.

import type { RealAgentCommand } from '../agents.ts'

export interface MatrixAgent {
  readonly id: string
  readonly title: string
  /** `name@version`, exact; each agent has a folder of its own. */
  readonly packages: readonly string[]
  /** Its sandbox does not start with a home under the temporary directory. */
  readonly homeOutsideTmp?: boolean
  /** A session is destroyed when it is loaded in the minute in which it began. */
  readonly loadsNextMinute?: boolean
  /** Nobody can work with it without an account elsewhere: only its start and what is said of the login are looked at. */
  readonly needsLogin?: boolean
  /** What a reader of the table has to know; one sentence. */
  readonly note?: string
  /** Installs it unless it is; resolves with its folder of modules. At most 10 min. */
  install(): Promise<string>
  /** Writes its files into the empty `home`. */
  prepare(at: MatrixPlace): Promise<RealAgentCommand>
}

export interface MatrixPlace {
  readonly home: string
  /** Base address of the model server, without a path. */
  readonly llm: string
  /** What `install` said. */
  readonly modules: string
}
