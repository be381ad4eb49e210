// What `holdfast conformance` needs: the command or the configured agent, its environment, an empty directory to work in.

import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { agentEnvironment } from '../config/agent-environment.ts'
import { HoldfastError } from '../base/errors.ts'
import { modelEnvironment } from '../conformance/model-address.ts'
import { listPrompts, probePrompts } from '../conformance/probe-prompts.ts'
import type { ConformanceReport, Finding } from '../conformance/report.ts'
import { runConformance } from '../conformance/run-conformance.ts'
import { splitCommand } from '../conformance/split-command.ts'
import { environmentOf } from './agents.ts'
import { findDefinitionHere } from './definition-here.ts'

export interface ConformanceChoice {
  /** A command line, or the name of an agent. */
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

/** Starts nothing yet. BAD_REQUEST for a command that cannot be read, AGENT_UNSUPPORTED for a remote agent, CONFIG_INVALID as the gateway. */
export async function openConformance(version: string, choice: ConformanceChoice): Promise<OpenedConformance> {
  const given = choice.modelUrl === undefined ? {} : modelEnvironment(choice.modelUrl)
  const { argv, env, agent } = findCommand(choice.agent, { ...given, ...givenVariables(choice.env) })
  const cwd = await realpath(await mkdtemp(join(tmpdir(), 'holdfast-conformance-')))
  const prompts = probePrompts(cwd, choice.modelUrl !== undefined)
  return {
    argv,
    cwd,
    prompts: listPrompts(prompts),
    run: (signal, onFinding) => {
      const command = { argv, env, cwd: choice.cwd }
      return runConformance({ command, agent, cwd, prompts, version, stepMs: choice.stepMs, signal, onFinding })
    },
    [Symbol.asyncDispose]: () => rm(cwd, { recursive: true, force: true, maxRetries: 3 }),
  }
}

interface FoundCommand {
  readonly argv: readonly [string, ...string[]]
  /** Complete. */
  readonly env: Readonly<Record<string, string>>
  /** Its name, if it has one. */
  readonly agent: string | undefined
}

/** `given` goes before what the definition says. */
function findCommand(nameOrCommand: string, given: Readonly<Record<string, string>>): FoundCommand {
  const { definition, env: own } = findDefinitionHere(nameOrCommand)
  if (definition === undefined)
    return { argv: splitCommand(nameOrCommand), env: agentEnvironment(own, given), agent: undefined }
  const { name: agent } = definition
  if (definition.remote !== undefined)
    throw new HoldfastError('AGENT_UNSUPPORTED', { agent, method: 'a report from here: it is elsewhere' })
  const { argv, env } = definition
  return { argv, env: environmentOf(own, { ...definition, env: { ...env, ...given } }), agent }
}

function givenVariables(list: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    list.map((entry) => {
      const at = entry.indexOf('=')
      return at === -1 ? [entry, `env:${entry}`] : [entry.slice(0, at), entry.slice(at + 1)]
    }),
  )
}
