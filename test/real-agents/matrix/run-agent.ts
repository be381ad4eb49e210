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
import { furtherSteps } from './further-steps.ts'
import type { FurtherRun } from './further-steps.ts'
import { agentNames, gatewaySetup } from './gateway-setup.ts'
import type { StepResult } from './step.ts'
import { stepsThroughGateway } from './through-gateway.ts'
import type { GatewayRun } from './through-gateway.ts'
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
  /** The same with version 2 of ACP; empty for one that does not choose it. */
  readonly inVersion2: readonly StepResult[]
  readonly findings: readonly Finding[]
}

const STEP_MS = 30_000
/** Of an agent that has not answered through the gateway: enough to see how far it comes. */
const HOPELESS_STEP_MS = 5_000
const MINUTE_MS = 60_000

export async function runAgent(agent: MatrixAgent, say: (line: string) => void): Promise<AgentResult> {
  const steps: StepResult[] = []
  const inVersion2: StepResult[] = []
  const findings: Finding[] = []
  const tell = (to: StepResult[], result: StepResult): void => {
    to.push({ ...result, detail: withoutPaths(result.detail) })
    const what = to === inVersion2 ? `${result.step}, ACP 2` : result.step
    say(`  ${what.padEnd(24)} ${result.verdict.padEnd(9)} ${result.ms} ms  ${result.detail}`)
  }
  const problem = await tryAgent(agent, {
    step: (result) => tell(steps, result),
    inVersion2: (result) => tell(inVersion2, result),
    finding: (finding) => {
      findings.push({ ...finding, detail: withoutPaths(finding.detail) })
      say(`  ${finding.about.padEnd(24)} ${finding.verdict.padEnd(9)} ${finding.ms ?? '-'} ms  ${finding.detail}`)
    },
  }).catch((error: unknown) => withoutPaths(error instanceof Error ? error.message : String(error)).slice(0, 1_000))
  if (problem !== undefined) say(`  ${problem}`)
  const { id, title, packages, note } = agent
  const day = new Date().toISOString().slice(0, 10)
  return { id, title, packages, node: process.version, day, note, problem, steps, inVersion2, findings }
}

interface Told {
  step(result: StepResult): void
  inVersion2(result: StepResult): void
  finding(finding: Finding): void
}

async function tryAgent(agent: MatrixAgent, told: Told): Promise<undefined> {
  const modules = await agent.install()
  await using llm = await startFakeLlm()
  const parent = agent.homeOutsideTmp === true ? '/var/tmp' : tmpdir()
  await using home = await emptyFolder(parent)
  await using emptyHome = await emptyFolder(parent)
  const command = await agent.prepare({ home: home.path, llm: llm.url, modules })
  const isStarted = await throughGateway({ agent, command, emptyHome: emptyHome.path }, told)
  await underReport(command, isStarted ? STEP_MS : HOPELESS_STEP_MS, told)
}

interface Tried {
  readonly agent: MatrixAgent
  readonly command: RealAgentCommand
  readonly emptyHome: string
}

/** Whether it has answered. */
async function throughGateway({ agent, command, emptyHome }: Tried, told: Told): Promise<boolean> {
  await using scratch = await emptyFolder(tmpdir())
  const seen = { tapped: join(scratch.path, 'asked'), startedMcp: join(scratch.path, 'mcp') }
  await using gateway = await TestGateway.start(gatewaySetup({ id: agent.id, command, emptyHome, ...seen }))
  const names = agentNames(agent.id)
  const further = { gateway, ...seen, ...names }
  if (agent.needsLogin === true) {
    for await (const result of furtherSteps(further, ['login'])) told.step(result)
    return false
  }
  const day = { gateway, agent: agent.id, beforeRestart: () => pauseBeforeLoad(agent) }
  for await (const result of stepsThroughGateway(day)) {
    told.step(result)
    if (result.step === 'start' && result.verdict === 'failed') return false
  }
  let version = '1'
  for await (const result of furtherSteps(further)) {
    told.step(result)
    if (result.step === 'version') version = result.detail
  }
  if (version === '2') await throughVersion2({ ...day, ...further, agent: names.inVersion2 }, told)
  return true
}

async function throughVersion2(run: GatewayRun & FurtherRun, told: Told): Promise<void> {
  for await (const result of stepsThroughGateway(run)) told.inVersion2(result)
  for await (const result of furtherSteps(run, ['mcp', 'directory', 'fork', 'delete'])) told.inVersion2(result)
}

async function pauseBeforeLoad({ loadsNextMinute }: MatrixAgent): Promise<void> {
  if (loadsNextMinute === true) await pause(MINUTE_MS)
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
