// The sessions that this process has open, and how one is made, found again, copied and removed.

import { ignore } from '../../../src/base/deadline.ts'
import { RPC_CODES } from '../../../src/acp/rpc.ts'
import type { Children } from '../children.ts'
import type { Client } from '../client/client.ts'
import { McpServers } from '../mcp/mcp-servers.ts'
import type { Catalog } from '../models/catalog.ts'
import type { RunRegistry } from '../runs/run-registry.ts'
import { Choices } from '../session/choices.ts'
import { settingsOf } from '../session/entries.ts'
import { Session } from '../session/session.ts'
import type { AgentSettings } from '../settings.ts'
import { ownShell } from '../tools/shell/own-process.ts'
import type { Transcript, TranscriptId, TranscriptStore } from '../transcript/port.ts'
import { badParams, noSuchSession, Refusal } from './refusal.ts'
import type { Surroundings } from './session-params.ts'

export interface SessionTableParts {
  readonly store: TranscriptStore
  readonly catalog: Catalog
  readonly settings: AgentSettings
  readonly runs: RunRegistry
  readonly children: Children
}

const SESSIONS_MAX = 200
export const IS_RUNNING = 'A prompt is running in this session. Cancel it first, or wait for its end.'

export class SessionTable {
  readonly #parts: SessionTableParts
  readonly #sessions = new Map<string, Session>()
  /** Settles, never rejects, when what was asked for last of a session is done. */
  readonly #turns = new Map<string, Promise<unknown>>()

  constructor(parts: SessionTableParts) {
    this.#parts = parts
  }

  /** -32002 when it is not open. */
  get(id: string): Session {
    const session = this.#sessions.get(id)
    if (session === undefined) throw noSuchSession(id)
    return session
  }

  find(id: string): Session | undefined {
    return this.#sessions.get(id)
  }

  async create(client: Client, surroundings: Surroundings): Promise<Session> {
    this.#assertRoom()
    return this.#open(client, await this.#parts.store.create({ cwd: surroundings.roots.cwd }), surroundings)
  }

  /** One that is open is opened anew, with what is given now. -32600 while a turn runs in it: nobody has cancelled that. */
  async reopen(client: Client, id: TranscriptId, surroundings: Surroundings): Promise<Session> {
    return this.#inTurn(id, async () => {
      if (this.find(id)?.isRunning === true) throw new Refusal(RPC_CODES.invalidRequest, IS_RUNNING)
      await this.#close(id)
      this.#assertRoom()
      return this.#open(client, await this.#parts.store.open(id), surroundings)
    })
  }

  async fork(client: Client, id: TranscriptId, surroundings: Surroundings): Promise<Session> {
    this.#assertRoom()
    return this.#open(client, await this.#parts.store.fork(id, { cwd: surroundings.roots.cwd }), surroundings)
  }

  /** Cancels what runs in it. Nothing happens when it is not open. */
  async close(id: string): Promise<void> {
    this.find(id)?.cancel()
    await this.#inTurn(id, () => this.#close(id))
  }

  /** Of the disk, too. TRANSCRIPT_NOT_FOUND. */
  async delete(id: TranscriptId): Promise<void> {
    this.find(id)?.cancel()
    await this.#inTurn(id, async () => {
      await this.#close(id)
      await this.#parts.store.delete(id)
    })
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#sessions.keys()].map((id) => this.close(id)))
  }

  /** Those that compact first: they hold nothing that anybody waits for, and their models take longest. */
  cancelAll(): void {
    this.#parts.runs.abort('compacting', 'the agent ends')
    this.#parts.runs.abort('all', 'the agent ends')
  }

  async #close(id: string): Promise<void> {
    const session = this.#sessions.get(id)
    this.#sessions.delete(id)
    await session?.close()
  }

  /** What opens or closes one session happens in the order in which it was asked for: it is never open twice. */
  async #inTurn<T>(id: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(id) ?? Promise.resolve()
    const mine = before.then(work)
    const settled = mine.catch(ignore('its caller is told'))
    this.#turns.set(id, settled)
    try {
      return await mine
    } finally {
      if (this.#turns.get(id) === settled) this.#turns.delete(id)
    }
  }

  #assertRoom(): void {
    if (this.#sessions.size >= SESSIONS_MAX) throw badParams(`At most ${SESSIONS_MAX} sessions are open; close one.`)
  }

  async #open(client: Client, transcript: Transcript, { roots, servers: specs }: Surroundings): Promise<Session> {
    const { catalog, settings, runs, children } = this.#parts
    const { mode, thinking, childEnv, hidden, compactionMs } = settings
    const choices = new Choices({ models: await catalog.list(), model: await catalog.standard(), mode, thinking })
    choices.restore(settingsOf(transcript.entries))
    const servers = new McpServers({ specs, cwd: roots.cwd, env: childEnv, children })
    const shell = ownShell({ env: childEnv, children })
    const given = { hidden, compactionMs }
    const session = new Session({ transcript, client, choices, roots, servers, runs, ownShell: shell, ...given })
    this.#sessions.set(session.id, session)
    servers.start()
    return session
  }
}
