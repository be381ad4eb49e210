// Turns what a session has named into what its agent is given, and tells when that has changed. Whatever is secret is read here, for a
// start, and goes to the agent; sessions, events and views have names only.

import { createHash } from 'node:crypto'

import { definitionDigest } from '../../agent/definition.ts'
import type { AgentDefinition } from '../../agent/definition.ts'
import type { AgentEquipment } from '../../agent/equipment.ts'
import { HoldfastError } from '../../base/errors.ts'
import type { JsonObject } from '../../base/json.ts'
import { NO_EQUIPMENT } from '../../store/records.ts'
import type { GivenEquipment, SessionEquipment, SessionNo } from '../../store/records.ts'
import type { Store } from '../../store/store.ts'

export interface EquipperPorts {
  readonly store: Pick<Store, 'findGiven'>
  /** See SessionsPorts. */
  checkCwd(cwd: string): Promise<string>
  /** The ACP entry of an MCP server of the configuration, complete with its secrets. */
  findMcpServer(name: string): JsonObject | undefined
}

/** Complete lists; what is absent stays. */
export interface EquipmentRequest {
  /** MCP servers of the configuration, by name. */
  readonly mcpServers?: readonly string[]
  /** Absolute. */
  readonly directories?: readonly string[]
  /** All that the editor gives that opens the session. */
  readonly given?: GivenRequest
}

export interface GivenRequest {
  /** ACP entries (acp/mcp-servers.ts), each with a name of its own; undefined keeps those of before. */
  readonly mcpServers?: readonly JsonObject[]
  readonly directories: readonly string[]
  /** JSON text; undefined keeps the one of before. */
  readonly meta?: string
}

export interface EquipmentChange {
  readonly equipment: SessionEquipment
  /** Undefined: what an editor gave stays. */
  readonly given: { readonly whole: GivenEquipment | undefined } | undefined
}

export class Equipper {
  readonly #ports: EquipperPorts

  constructor(ports: EquipperPorts) {
    this.#ports = ports
  }

  /** What a request makes of a session, a new one if none is given. MCP_SERVER_UNKNOWN, CWD_*. */
  async read(
    { mcpServers, directories, given }: EquipmentRequest,
    session?: { readonly no: SessionNo; readonly terms: { readonly equipment: SessionEquipment } },
  ): Promise<EquipmentChange> {
    const { equipment } = session?.terms ?? { equipment: NO_EQUIPMENT }
    for (const name of mcpServers ?? []) this.#entry(name)
    const named = {
      ...equipment,
      ...(mcpServers && { mcpServers: [...new Set(mcpServers)] }),
      ...(directories && { directories: await this.#checked(directories) }),
    }
    if (given === undefined) return { equipment: named, given: undefined }
    const former = session && (await this.#ports.store.findGiven(session.no))
    const { mcpServers: servers = serversOf(former) } = given
    const whole = { mcpServers: JSON.stringify(servers), meta: given.meta ?? former?.meta }
    const summary = {
      mcpServers: servers.map(({ name }) => name as string),
      directories: await this.#checked(given.directories),
      digest: servers.length === 0 ? '' : digestOf(whole.mcpServers),
    }
    const isNothing = servers.length === 0 && whole.meta === undefined
    const isSame = former?.mcpServers === whole.mcpServers && former.meta === whole.meta
    return {
      equipment: { ...named, given: summary },
      given: isSame || (isNothing && former === undefined) ? undefined : { whole: isNothing ? undefined : whole },
    }
  }

  /** For a start of the agent. MCP_SERVER_UNKNOWN, CWD_*: what was there when it was chosen may be gone. */
  async equip(no: SessionNo, { mcpServers, directories, given }: SessionEquipment): Promise<AgentEquipment> {
    const whole = await this.#ports.store.findGiven(no)
    const own = mcpServers.map((name) => this.#entry(name))
    // Of two with one name the one that a person chose for this session counts.
    const others = serversOf(whole).filter(({ name }) => !mcpServers.includes(name as string))
    return {
      mcpServers: [...own, ...others],
      directories: await this.#checked([...directories, ...given.directories]),
      meta: whole?.meta === undefined ? undefined : (JSON.parse(whole.meta) as JsonObject),
    }
  }

  /** Of everything that decides what a process of the session is; another one means that the process that lives is not as it should be. */
  digestOf(definition: AgentDefinition, { mcpServers, directories, given }: SessionEquipment): string {
    const digest = definitionDigest(definition)
    if (mcpServers.length + directories.length + given.directories.length === 0 && given.digest === '') return digest
    const entries = mcpServers.map((name) => this.#ports.findMcpServer(name) ?? name)
    return digestOf([digest, entries, directories, given])
  }

  /** The real paths, each once. */
  async #checked(directories: readonly string[]): Promise<string[]> {
    const real = await Promise.all(directories.map((directory) => this.#ports.checkCwd(directory)))
    return [...new Set(real)]
  }

  #entry(name: string): JsonObject {
    const entry = this.#ports.findMcpServer(name)
    if (entry === undefined) throw new HoldfastError('MCP_SERVER_UNKNOWN', { server: name })
    return entry
  }
}

function serversOf(given: GivenEquipment | undefined): JsonObject[] {
  return JSON.parse(given?.mcpServers ?? '[]') as JsonObject[]
}

/** Every directory of a session, its own first. */
export function rootsOfSession(cwd: string, { directories, given }: SessionEquipment): string[] {
  return [...new Set([cwd, ...directories, ...given.directories])]
}

function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex')
}
