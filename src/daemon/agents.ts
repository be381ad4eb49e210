// Which agents this gateway can start (the bundled one, and those of the configuration file), and what starts them.

import { fileURLToPath } from 'node:url'
import { join } from 'node:path'

import { createAgentConnector } from '../agent/start/connect-agent.ts'
import type { AgentConnector } from '../agent/connection.ts'
import type { AgentDefinition, CommandAgent } from '../agent/definition.ts'
import type { OwnPlaces } from '../agent/files/own-places.ts'
import { Spares } from '../agent/spares.ts'
import { SpokenVersions } from '../agent/start/spoken-versions.ts'
import { startAgent } from '../agent/start/start-agent.ts'
import { systemClock } from '../base/clock.ts'
import { ensurePrivateDirectory } from '../base/private-directory.ts'
import { recent } from '../base/recent.ts'
import { agentEnvironment, builtInAgentEnvironment } from '../config/agent-environment.ts'
import { BUILT_IN_AGENT } from '../config/agent-definitions.ts'
import type { Config } from '../config/config.ts'
import type { LiveConfig } from '../config/live-config.ts'
import { containmentOf } from '../config/containment.ts'
import type { Environment } from '../config/environment.ts'
import type { Paths } from '../config/paths.ts'
import type { AgentHost } from '../keeper/agent-host.ts'
import { readFreeMemory } from '../process/free-memory.ts'
import { AgentSlots } from '../session/agents/agent-slots.ts'
import type { GatewayOptions } from './run-gateway.ts'

/** In a checkout its workspace is beside `src`, in a published package it is a program of its own beside ours. */
const BUILT_IN_MAIN = fileURLToPath(
  import.meta.resolve(import.meta.url.endsWith('.ts') ? '../../builtin-agent/src/main.ts' : '../agent/main.js'),
)

/** By name; an agent of the file replaces a built-in one of the same name, or adds to it when it has no command. */
export function listAgentDefinitions(config: Config, stateDir: string): ReadonlyMap<string, AgentDefinition> {
  const builtIn: CommandAgent = {
    ...BUILT_IN_AGENT,
    argv: [process.execPath, BUILT_IN_MAIN],
    env: { HOLDFAST_AGENT_STATE: join(stateDir, 'agent') },
    containment: containmentOf(config.agents, {}),
    permissionMode: config.permissions.mode,
    source: 'built-in',
    isBundled: true,
  }
  const definitions = new Map<string, AgentDefinition>([[builtIn.name, builtIn]])
  for (const agent of config.agentDefinitions.values()) {
    const {
      name,
      title,
      command,
      remote,
      env,
      terminals,
      files,
      protocol,
      permissionMode = config.permissions.mode,
    } = agent
    if (remote !== undefined) {
      definitions.set(name, { name, title, remote, protocol, permissionMode, source: 'config' })
      continue
    }
    const containment = containmentOf(config.agents, agent)
    const own = { name, title, terminals, files, protocol, containment, permissionMode }
    const started: Pick<CommandAgent, 'argv' | 'env' | 'source' | 'isBundled'> =
      command === undefined
        ? { argv: builtIn.argv, env: { ...env, ...builtIn.env }, source: 'built-in', isBundled: true }
        : { argv: command, env, source: 'config' }
    definitions.set(name, { ...own, ...started })
  }
  return definitions
}

export interface Agents {
  readonly connector: AgentConnector
  readonly slots: AgentSlots
  readonly spares: Spares
}

/** Whoever shows what sessions wait for asks once for each of them. */
const FREE_MEMORY_MS = 100

/** Those of the newest configuration. */
export interface Definitions {
  readonly current: ReadonlyMap<string, AgentDefinition>
  find(name: string): AgentDefinition | undefined
}

interface AgentsParts extends Pick<GatewayOptions, 'env' | 'version' | 'log' | 'paths'> {
  readonly live: LiveConfig
  readonly host: AgentHost
  readonly definitions: Definitions
  readonly stateDir: string
  /** While true no spare is kept. */
  isPaused(): boolean
}

/** What sessions need to have agents. Starts nothing yet: the first look of `spares` does. */
export function openAgents(parts: AgentsParts): Agents {
  const { live, env, version, log, paths, host, definitions, stateDir, isPaused } = parts
  const idle = join(stateDir, 'spares')
  const ports = {
    host,
    clock: systemClock,
    limits: live.view(({ deadlines, limits }) => ({
      initializeMs: deadlines.initializeMs,
      sessionMs: deadlines.sessionNewMs,
      lineBytesMax: limits.lineBytesMax,
    })),
    version,
    versions: new SpokenVersions(),
    findDefinition: (name: string) => definitions.find(name),
    environmentOf: (definition: CommandAgent) => environmentOf(env, definition),
    get ownPlaces() {
      return ownPlacesOf(paths, live.current)
    },
    idleDirectory: () => {
      ensurePrivateDirectory(idle)
      return idle
    },
  }
  const freeMemory = recent(() => readFreeMemory(), systemClock, FREE_MEMORY_MS)
  const isMemoryShort = (): boolean => {
    const { memoryFreeBytesMin } = live.current.agents
    return memoryFreeBytesMin > 0 && freeMemory() < memoryFreeBytesMin
  }
  const slotLimits = live.view(
    ({ agents: { liveMax, spawnsMax: startingMax }, deadlines: { agentSlotMs: waitMs } }) => ({
      liveMax,
      startingMax,
      waitMs,
    }),
  )
  const slots = new AgentSlots(slotLimits, systemClock, isMemoryShort)
  const spares = new Spares({
    clock: systemClock,
    logger: log.logger('agent'),
    wanted: () => (isPaused() ? [] : listWantedSpares(live.current, definitions.current)),
    start: (definition, signal) => {
      const cwd = ports.idleDirectory()
      return startAgent(ports, { definition, sessionId: undefined, generation: 0, cwd }, signal)
    },
    acquireSlot: () => slots.acquireSpare(),
  })
  return { connector: createAgentConnector(ports), slots, spares }
}

/** What no agent gets from us as a file: everything that is Holdfast's own. */
function ownPlacesOf({ stateDir, runDir, configFile }: Paths, { file }: Config): OwnPlaces {
  return { directories: [stateDir, runDir], files: file === undefined ? [configFile] : [configFile, file] }
}

function listWantedSpares(
  { agentDefinitions }: Config,
  definitions: ReadonlyMap<string, AgentDefinition>,
): { definition: AgentDefinition; count: number }[] {
  return [...agentDefinitions.values()].flatMap(({ name, spares: count }) => {
    const definition = definitions.get(name)
    return definition === undefined || count === 0 ? [] : [{ definition, count }]
  })
}

/** The complete environment of an agent. Only what we bundle is given keys and variables of ours without being asked. */
export function environmentOf(own: Environment, definition: CommandAgent): Record<string, string> {
  if (definition.isBundled !== true) return agentEnvironment(own, definition.env)
  return builtInAgentEnvironment(own, definition.env)
}
