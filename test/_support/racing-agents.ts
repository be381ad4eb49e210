// Agents without processes that take their time: every start, answer and stop lets a random number of other steps go first.
// Counts what is alive, as a process table would: from the start of an attempt to the end of its stop.

import { NO_CONTROLS } from '../../src/agent/control-plan.ts'
import type { AgentConnection, AgentConnector, AgentListener, ConnectRequest } from '../../src/agent/connection.ts'
import { CancelledError } from '../../src/base/errors.ts'
import type { AgentSessionId, SessionId, TurnId } from '../../src/base/ids.ts'
import type { StopReport } from '../../src/keeper/agent-host.ts'
import type { Random } from '../model/random.ts'

export interface RacingAgent {
  readonly sessionId: SessionId
  readonly generation: number
  readonly prompts: TurnId[]
  /** The stop reason it gave for each turn that it ended. */
  readonly answers: Map<TurnId, string>
  stops: number
}

export interface RacingConnector extends AgentConnector {
  readonly started: readonly RacingAgent[]
  readonly live: ReadonlySet<RacingAgent>
  /** The most that have been alive at once. */
  readonly liveMost: number
}

const OPTIONS = [
  { optionId: 'y', name: 'Yes', kind: 'allow_once' },
  { optionId: 'n', name: 'No', kind: 'reject_once' },
]
const REPORT: StopReport = { forced: false, swept: 0, survivors: [], ms: 1, exit: undefined }

/** Lets microtasks, turns of the loop or a few milliseconds pass; what the others do meanwhile is the interleaving. */
export async function stepAside(random: Random): Promise<void> {
  const steps = random.int(12)
  switch (random.int(4)) {
    case 0:
      return
    case 1:
      for (let i = 0; i < steps; i++) await Promise.resolve()
      return
    case 2:
      for (let i = 0; i < steps; i += 4) await new Promise((resolve) => setImmediate(resolve))
      return
    default:
      await new Promise((resolve) => setTimeout(resolve, steps / 3))
  }
}

/** `asks`: how often a prompt leads to a permission request first. */
export function racingConnector(random: Random, { asks = 0 }: { asks?: number } = {}): RacingConnector {
  const started: RacingAgent[] = []
  const live = new Set<RacingAgent>()
  const connector = {
    started,
    live,
    liveMost: 0,
    forget: () => Promise.reject(new Error('not asked for')),
    offer: () => Promise.reject(new Error('these agents are not asked')),
    held: () => [],
    connect: async (request: ConnectRequest, signal: AbortSignal): Promise<AgentConnection> => {
      const { sessionId, generation } = request
      const agent: RacingAgent = { sessionId, generation, prompts: [], answers: new Map(), stops: 0 }
      started.push(agent)
      live.add(agent)
      connector.liveMost = Math.max(connector.liveMost, live.size)
      await stepAside(random)
      // A start that is as good as done does not notice that it was given up.
      if (signal.aborted && random.chance(0.5)) {
        live.delete(agent)
        throw new CancelledError('initialize')
      }
      return new Racer(agent, live, random, asks).toConnection(request)
    },
  }
  return connector
}

class Racer {
  readonly #agent: RacingAgent
  readonly #live: Set<RacingAgent>
  readonly #random: Random
  readonly #asks: number
  #listener: AgentListener | undefined
  #turnId: TurnId | undefined
  #line = 0

  constructor(agent: RacingAgent, live: Set<RacingAgent>, random: Random, asks: number) {
    this.#agent = agent
    this.#live = live
    this.#random = random
    this.#asks = asks
  }

  toConnection({ sessionId, resume }: ConnectRequest): AgentConnection {
    return {
      pid: 1_000 + this.#agent.generation,
      agentSessionId: (resume ?? `as-${sessionId}`) as AgentSessionId,
      continuity: resume === undefined ? 'new' : 'loaded',
      capabilities: '{"loadSession":true}',
      controls: NO_CONTROLS,
      refused: [],
      line: 0,
      isRetiring: false,
      listen: (listener) => void (this.#listener = listener),
      hasPrompt: () => true,
      prompt: (turnId) => this.#prompt(turnId),
      cancel: () => void this.#answer('cancelled'),
      withdraw: () => {},
      extension: () => Promise.resolve({}),
      control: () => {},
      answerPermission: (_, { outcome }) => void this.#answer(outcome === 'cancelled' ? 'cancelled' : 'end_turn'),
      answerElicitation: () => Promise.resolve(true),
      acknowledge: () => {},
      stop: () => this.#stop(),
    }
  }

  #prompt(turnId: TurnId): void {
    this.#agent.prompts.push(turnId)
    this.#turnId = turnId
    if (this.#random.chance(this.#asks)) void this.#ask()
    else void this.#answer('end_turn')
  }

  async #ask(): Promise<void> {
    await stepAside(this.#random)
    this.#tell((listener, line) =>
      listener.permissionAsked({ requestId: line, line, toolCall: '{"toolCallId":"t"}', options: OPTIONS }),
    )
  }

  /** The turn ends once for the agent, but now and then it says so twice. */
  async #answer(stopReason: string): Promise<void> {
    const turnId = this.#turnId
    if (turnId === undefined) return
    await stepAside(this.#random)
    if (this.#turnId !== turnId) return
    this.#turnId = undefined
    this.#agent.answers.set(turnId, stopReason)
    const times = this.#random.chance(0.1) ? 2 : 1
    for (let i = 0; i < times; i++)
      this.#tell((listener, line) => listener.answered(turnId, { kind: 'stopped', stopReason, usage: undefined }, line))
  }

  async #stop(): Promise<StopReport> {
    this.#agent.stops++
    await stepAside(this.#random)
    this.#live.delete(this.#agent)
    return REPORT
  }

  /** What it said before it was gone may still arrive while it is being stopped. */
  #tell(say: (listener: AgentListener, line: number) => void): void {
    if (this.#listener === undefined || !this.#live.has(this.#agent)) return
    say(this.#listener, ++this.#line)
    this.#listener.batchEnd(this.#line)
  }
}
