// The conversations of the agent, one file each, so that a later process can go on with them.

import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { RequestError } from '@agentclientprotocol/sdk/unstable'
import type { McpServer, SessionUpdate } from '@agentclientprotocol/sdk/unstable'

/** What a session was opened with. */
export interface Equipment {
  readonly cwd: string
  readonly mcpServers: readonly McpServer[]
  readonly directories: readonly string[]
}

export interface KeptSession {
  readonly id: string
  /** How it was opened last. */
  opened: string
  equipment: Equipment
  mode: string
  model: string
  effort: string
  web: boolean
  /** What a load tells of it. */
  readonly told: SessionUpdate[]
}

export class KeptSessions {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
    mkdirSync(directory, { recursive: true })
  }

  make(equipment: Equipment, opened: string, from?: KeptSession): KeptSession {
    const chosen = { mode: 'ask', model: 'small', effort: 'low', web: false, told: [] }
    const session = { ...chosen, ...from, id: randomUUID(), opened, equipment }
    this.keep(session)
    return session
  }

  keep(session: KeptSession): void {
    writeFileSync(this.#file(session.id), JSON.stringify(session))
  }

  /** -32002 for one that is not there. */
  get(id: string): KeptSession {
    try {
      return JSON.parse(readFileSync(this.#file(id), 'utf8')) as KeptSession
    } catch {
      throw RequestError.resourceNotFound(id)
    }
  }

  all(): KeptSession[] {
    return readdirSync(this.#directory).map((name) => this.get(name.replace('.json', '')))
  }

  delete(id: string): void {
    this.get(id)
    rmSync(this.#file(id))
  }

  #file(id: string): string {
    return join(this.#directory, `${id}.json`)
  }
}
