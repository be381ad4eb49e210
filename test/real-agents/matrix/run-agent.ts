// One agent of the matrix from its installation to its row: through the gateway, then looked at by the conformance report.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { pause } from '../../../src/base/deadline.ts'
import { probePrompts } from '../../../src/conformance/probe-prompts.ts'
import type { Finding } from '../../../src/conformance/report.ts'
import { runConformance } from '../../../src/conformance/run-conformance.ts'
import { startFakeLlm } from '../../_support/fake-llm/server.ts'
import { TestGateway } from '../../_support/test-gateway.ts'
import type { RealAgentCommand } from '../agents.ts'
import type { MatrixAgent } from './matrix-agent.ts'
import { stepsThroughGateway } from './through-gateway.ts'
import type { StepResult } from './through-gateway.ts'
import { withoutPaths } from './without-paths.ts'

export interface AgentResult {
  readonly id: string
  readonly title: string
  readonly packages: readonly string[]
  /** Of Node, which runs most of them. */
  readonly node: string
  /** UTC. */
  readonly day: string
  readonly note: string | undefined
  /** Why it could not be tried; the rest is empty then. */
  readonly problem: string | undefined
  readonly steps: readonly StepResult[]
  readonly findings: readonly Finding[]
}

const STEP_MS = 30_000
/** Of an agent that has not answered through the gateway: enough to see how far it comes. */
const HOPELESS_STEP_MS = 5_000
const MINUTE_MS = 60_000

export async function runAgent(agent: MatrixAgent, say: (line: string) => void): Promise<AgentResult> {
  const steps: StepResult[] = []
  const findings: Finding[] = []
  const problem = await tryAgent(agent, {
    step: (result) => {
      steps.push({ ...result, detail: withoutPaths(result.detail) })
      say(`  ${result.step.padEnd(24)} ${result.verdict.padEnd(9)} ${result.ms} ms  ${result.detail}`)
    },
    finding: (finding) => {
      findings.push({ ...finding, detail: withoutPaths(finding.detail) })
      say(`  ${finding.about.padEnd(24)} ${finding.verdict.padEnd(9)} ${finding.ms ?? '-'} ms  ${finding.detail}`)
    },
  }).catch((error: unknown) => withoutPaths(error instanceof Error ? error.message : String(error)).slice(0, 1_000))
  if (problem !== undefined) say(`  ${problem}`)
  const { id, title, packages, note } = agent
  const day = new Date().toISOString().slice(0, 10)
  return { id, title, packages, node: process.version, day, note, problem, steps, findings }
}

interface Told {
  step(result: StepResult): void
  finding(finding: Finding): void
}

async function tryAgent(agent: MatrixAgent, told: Told): Promise<undefined> {
  const modules = await agent.install()
  await using llm = await startFakeLlm()
  await using home = await emptyFolder(agent.homeOutsideTmp === true ? '/var/tmp' : tmpdir())
  const command = await agent.prepare({ home: home.path, llm: llm.url, modules })
  const isStarted = await throughGateway(agent, command, told)
  await underReport(command, isStarted ? STEP_MS : HOPELESS_STEP_MS, told)
}

/** Whether it has answered. */
async function throughGateway(agent: MatrixAgent, { argv, env }: RealAgentCommand, told: Told): Promise<boolean> {
  await using gateway = await TestGateway.start({ agents: { [agent.id]: { command: argv, env } } })
  const beforeRestart = async (): Promise<void> => {
    if (agent.loadsNextMinute === true) await pause(MINUTE_MS)
  }
  let isStarted = false
  for await (const result of stepsThroughGateway({ gateway, agent: agent.id, beforeRestart })) {
    told.step(result)
    isStarted ||= result.step === 'start' && result.verdict === 'yes'
  }
  return isStarted
}

async function underReport({ argv, env }: RealAgentCommand, stepMs: number, told: Told): Promise<void> {
  await using folder = await emptyFolder(tmpdir())
  await runConformance({
    command: { argv, env, cwd: folder.path },
    cwd: folder.path,
    prompts: probePrompts(folder.path, true),
    version: '0.0.0',
    stepMs,
    signal: new AbortController().signal,
    onFinding: (finding) => told.finding(finding),
  })
}

async function emptyFolder(parent: string): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(parent, 'holdfast-matrix-'))
  const remove = (): Promise<void> => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  return { path, [Symbol.asyncDispose]: remove }
}
