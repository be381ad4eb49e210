// What `holdfast conformance` needs: the command or the configured agent, its environment, an empty directory to work in.

import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { agentEnvironment } from '../config/agent-environment.ts'
import { systemEnvironment } from '../config/environment.ts'
import type { Environment } from '../config/environment.ts'
import { loadConfig } from '../config/load.ts'
import { pathsOf } from '../config/paths.ts'
import { HoldfastError } from '../base/errors.ts'
import { modelEnvironment } from '../conformance/model-address.ts'
import { listPrompts, probePrompts } from '../conformance/probe-prompts.ts'
import type { ConformanceReport, Finding } from '../conformance/report.ts'
import { runConformance } from '../conformance/run-conformance.ts'
import { splitCommand } from '../conformance/split-command.ts'

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

export interface OpenedConformance extends AsyncDisposable {
  readonly argv: readonly string[]
  /** Empty; gone when this is disposed of. */
  readonly cwd: string
  /** What it will be sent. */
  readonly prompts: readonly string[]
  run(signal: AbortSignal, onFinding: (finding: Finding) => void): Promise<ConformanceReport>
}

/** Starts nothing yet. BAD_REQUEST for a command that cannot be read and for a remote agent, CONFIG_INVALID as the gateway. */
export async function openConformance(version: string, choice: ConformanceChoice): Promise<OpenedConformance> {
  const own = systemEnvironment()
  const { argv, env } = findCommand(own, choice.agent)
  const given = choice.modelUrl === undefined ? {} : modelEnvironment(choice.modelUrl)
  const complete = agentEnvironment(own, { ...env, ...given, ...givenVariables(choice.env) })
  const cwd = await realpath(await mkdtemp(join(tmpdir(), 'holdfast-conformance-')))
  const prompts = probePrompts(cwd, choice.modelUrl !== undefined)
  return {
    argv,
    cwd,
    prompts: listPrompts(prompts),
    run: (signal, onFinding) => {
      const command = { argv, env: complete, cwd: choice.cwd }
      return runConformance({ command, cwd, prompts, version, stepMs: choice.stepMs, signal, onFinding })
    },
    [Symbol.asyncDispose]: () => rm(cwd, { recursive: true, force: true, maxRetries: 3 }),
  }
}

interface FoundCommand {
  readonly argv: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string>>
}

function findCommand(own: Environment, agent: string): FoundCommand {
  const configured = loadConfig({ env: own, paths: pathsOf(own) }).agentDefinitions.get(agent)
  if (configured?.remote !== undefined)
    throw new HoldfastError('BAD_REQUEST', { reason: `agent ${agent} is remote; only commands can be looked at` })
  if (configured?.command !== undefined) return { argv: configured.command, env: configured.env }
  return { argv: splitCommand(agent), env: {} }
}

function givenVariables(list: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    list.map((entry) => {
      const at = entry.indexOf('=')
      return at === -1 ? [entry, `env:${entry}`] : [entry.slice(0, at), entry.slice(at + 1)]
    }),
  )
}
