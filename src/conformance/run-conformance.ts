// The whole report, in the order of what can be relied on: one process from handshake to the end of its input, then others that go on
// with its conversation. Every process that was started has ended when this settles.

import type { AgentCapabilities } from '../acp/initialize.ts'
import type { Bench } from './bench.ts'
import { Ground } from './ground.ts'
import type { TestedCommand } from './ground.ts'
import { lookAtEnd, lookAtLeftovers, lookAtNoise } from './look-ends.ts'
import { openSession, shakeHands } from './look-handshake.ts'
import type { Handshake, OpenedSession } from './look-handshake.ts'
import {
  lookAtClose,
  lookAtConfig,
  lookAtDelete,
  lookAtFork,
  lookAtList,
  lookAtModes,
  lookAtReturn,
} from './look-sessions.ts'
import { lookAtCancel, lookAtImage, lookAtPermission, lookAtPrompt } from './look-turns.ts'
import { Looks } from './looks.ts'
import type { ProbePrompts } from './probe-prompts.ts'
import { NOT_ADVERTISED, yes } from './report.ts'
import type { Capability, ConformanceReport, Finding, Seen } from './report.ts'
import type { TestedAgent } from './tested-agent.ts'

export interface ConformanceRequest {
  readonly command: TestedCommand
  /** Its name, if it has one. */
  readonly agent?: string | undefined
  /** Where its sessions are; empty. */
  readonly cwd: string
  readonly prompts: ProbePrompts
  /** Of Holdfast, for the handshake. */
  readonly version: string
  /** Bound of each single request, in milliseconds. */
  readonly stepMs: number
  readonly signal: AbortSignal
  /** Told as they are found. */
  onFinding(finding: Finding): void
}

const OF_A_SESSION: readonly Capability[] = [
  'prompt',
  'images',
  'permission, allowed',
  'permission, denied',
  'modes',
  'config options',
  'fork',
  'list',
  'cancel',
  'close',
  'delete',
  'load',
  'resume',
]

/**
 * Rejects with CANCELLED, AGENT_COMMAND_MISSING, AGENT_COMMAND_UNUSABLE or SPAWN_FAILED; whatever else the agent does wrong is a
 * finding.
 */
export async function runConformance(request: ConformanceRequest): Promise<ConformanceReport> {
  await using ground = await Ground.open(request.command, request.agent)
  const looks = new Looks((finding) => request.onFinding(finding))
  const run = new Run(request, ground, looks)
  const handshake = await run.all()
  const conforms = looks.findings.every(({ verdict }) => verdict !== 'failed')
  const { agent, protocolVersion } = handshake ?? {}
  return { agent, protocolVersion, findings: looks.findings, conforms }
}

class Run {
  readonly #request: ConformanceRequest
  readonly #ground: Ground
  readonly #looks: Looks

  constructor(request: ConformanceRequest, ground: Ground, looks: Looks) {
    this.#request = request
    this.#ground = ground
    this.#looks = looks
  }

  async all(): Promise<Handshake | undefined> {
    const bench = await this.#start()
    const handshake = await this.#handshake(bench)
    const opened = handshake && (await this.#newSession(bench))
    if (handshake === undefined || opened === undefined) {
      this.#looks.skip(OF_A_SESSION, 'there is no session to look at')
    } else {
      await this.#lookAtSession(bench, opened, handshake.capabilities)
    }
    this.#looks.note('only ACP on stdout', lookAtNoise(bench.agent))
    await this.#looks.look('ends with its input', () => lookAtEnd(bench.agent, 'input'))
    if (handshake === undefined || bench.agent.hasEnded) await this.#lookAtLeftovers(bench.agent)
    const hasEnded = bench.agent.hasEnded
    if (handshake === undefined) return undefined
    await bench.agent[Symbol.asyncDispose]()
    if (opened !== undefined) await this.#goOn(opened.sessionId, handshake.capabilities)
    await this.#lookAtTermination(hasEnded)
    return handshake
  }

  async #start(): Promise<Bench> {
    const { cwd, prompts, stepMs, signal } = this.#request
    const agent = await this.#ground.start()
    return { agent, cwd, prompts, options: { ms: stepMs, signal } }
  }

  async #handshake(bench: Bench): Promise<Handshake | undefined> {
    let handshake: Handshake | undefined
    await this.#looks.look('initialize', async () => {
      handshake = await shakeHands(bench, this.#request.version)
      return handshake.seen
    })
    if (handshake === undefined) this.#looks.skip(['new session'], 'there was no handshake')
    return handshake
  }

  async #newSession(bench: Bench): Promise<OpenedSession | undefined> {
    let opened: OpenedSession | undefined
    await this.#looks.look('new session', async () => {
      opened = await openSession(bench)
      return yes('it has an id')
    })
    return opened
  }

  async #lookAtSession(
    bench: Bench,
    { sessionId, controls }: OpenedSession,
    { prompt, fork, list, close, delete: canDelete }: AgentCapabilities,
  ): Promise<void> {
    const { agent } = bench
    await this.#ifAlive(agent, 'prompt', () => lookAtPrompt(bench, sessionId))
    await this.#ifOffered(agent, 'images', prompt.image, () => lookAtImage(bench, sessionId))
    await this.#ifAlive(agent, 'permission, allowed', () => lookAtPermission(bench, sessionId, 'allow'))
    await this.#ifAlive(agent, 'permission, denied', () => lookAtPermission(bench, sessionId, 'deny'))
    await this.#ifAlive(agent, 'modes', () => lookAtModes(bench, sessionId, controls))
    await this.#ifAlive(agent, 'config options', () => lookAtConfig(bench, sessionId, controls))
    await this.#ifOffered(agent, 'fork', fork, () => lookAtFork(bench, sessionId))
    await this.#ifOffered(agent, 'list', list, () => lookAtList(bench, sessionId))
    await this.#ifAlive(agent, 'cancel', () => lookAtCancel(bench, sessionId))
    await this.#ifOffered(agent, 'close', close, () => lookAtClose(bench))
    await this.#ifOffered(agent, 'delete', canDelete, () => lookAtDelete(bench, list))
  }

  /** A process of its own for each way back. */
  async #goOn(sessionId: string, { loadSession, resume }: AgentCapabilities): Promise<void> {
    await this.#lookAtReturn('load', loadSession, sessionId)
    await this.#lookAtReturn('resume', resume, sessionId)
  }

  async #lookAtReturn(how: 'load' | 'resume', isOffered: boolean, sessionId: string): Promise<void> {
    if (!isOffered) return this.#looks.note(how, NOT_ADVERTISED)
    const bench = await this.#start()
    await this.#looks.look(how, async () => {
      await shakeHands(bench, this.#request.version)
      return lookAtReturn(bench, sessionId, how)
    })
    await bench.agent[Symbol.asyncDispose]()
  }

  /** Shows what is left of one that does not end with its input, too. */
  async #lookAtTermination(hasEndedWithInput: boolean): Promise<void> {
    const bench = await this.#start()
    await this.#looks.look('ends on SIGTERM', async () => {
      await shakeHands(bench, this.#request.version)
      return lookAtEnd(bench.agent, 'SIGTERM')
    })
    if (!hasEndedWithInput) await this.#lookAtLeftovers(bench.agent)
  }

  async #lookAtLeftovers(agent: TestedAgent): Promise<void> {
    await this.#looks.look('leaves nothing behind', () => lookAtLeftovers(agent))
  }

  async #ifOffered(
    agent: TestedAgent,
    about: Capability,
    isOffered: boolean,
    work: () => Promise<Seen>,
  ): Promise<void> {
    if (isOffered) await this.#ifAlive(agent, about, work)
    else this.#looks.note(about, NOT_ADVERTISED)
  }

  async #ifAlive(agent: TestedAgent, about: Capability, work: () => Promise<Seen>): Promise<void> {
    if (agent.hasEnded) this.#looks.skip([about], 'it had ended before')
    else await this.#looks.look(about, work)
  }
}
