// The port between a session's actor and one agent process: what may be asked of it and what it tells.
// Implemented by connect-agent.ts over a real process; everything is told in wire order.

import type { AgentInfo } from '../acp/agent-info.ts'
import type { StoredError } from '../base/errors.ts'
import type { AgentSessionId, SessionId, TurnId } from '../base/ids.ts'
import type { Json, JsonObject } from '../base/json.ts'
import type { StopReport } from '../keeper/agent-host.ts'
import type { ControlRequest, Controls, WantedOption } from './control-plan.ts'
import type { AgentDefinition } from './definition.ts'
import type { AgentEquipment } from './equipment.ts'
import type { ExtensionCall } from './link/extension-calls.ts'
import type { ImportedHistory } from './link/history.ts'
import type { ElicitationAnswer, ElicitationAsked } from './elicitations/elicitation.ts'
import type { ForgetRequest } from './start/forget-agent-session.ts'
import type { AgentOffer } from './start/list-agent-sessions.ts'
import type { InitializedAgent } from './start/start-agent.ts'

export type { AgentInfo }

/** JSON-RPC id of a request the agent made. */
export type AgentRequestId = string | number | null

/** How the agent got its conversation: `forked` and `fresh` mean that an earlier one could not be continued. */
export type Continuity = 'new' | 'resumed' | 'loaded' | 'forked' | 'fresh'

/** What to do when the agent cannot go on with its conversation: AGENT_CONVERSATION_LOST, a fork of it (else the same), another one. */
export type WhenLost = 'fail' | 'fork' | 'fresh'

/** An option that the agent did not take at its start. */
export interface RefusedOption extends WantedOption {
  readonly reason: 'not_advertised' | 'refused' | 'deadline'
  /** What it offers instead. */
  readonly advertised?: readonly string[]
  /** What it answered. */
  readonly error?: StoredError
}

/** How an agent answered a request that sets something. */
export type ControlAnswer =
  | { readonly kind: 'accepted'; readonly result: Json }
  | { readonly kind: 'refused'; readonly error: StoredError }

export type AgentAnswer =
  | { readonly kind: 'stopped'; readonly stopReason: string; readonly usage: JsonObject | undefined }
  /** `isForgotten`: it says that it does not know what it was asked about, perhaps its own session. */
  | { readonly kind: 'error'; readonly error: StoredError; readonly isForgotten?: boolean }
  /** The prompt was not sent: the agent does not take its content. */
  | { readonly kind: 'refused'; readonly error: StoredError }

export type PermissionOutcome =
  | { readonly outcome: 'selected'; readonly optionId: string }
  | { readonly outcome: 'cancelled' }

export interface PermissionAsked {
  readonly requestId: AgentRequestId
  /** Number of the request's line; names its answer to the host. */
  readonly line: number
  /** ACP tool call in its update shape, as JSON text. */
  readonly toolCall: string
  readonly options: readonly JsonObject[]
}

/**
 * Called in wire order, synchronously from the read of a batch of lines. Must not throw. `line` is the number of the last line
 * that is accounted for when the call is: whoever stores it with what was told can go on after it in another life.
 */
export interface AgentListener {
  /** One session update, as JSON text. The listener may hold it until the next call of another kind. */
  update(data: string, line: number): void
  answered(turnId: TurnId, answer: AgentAnswer, line: number): void
  permissionAsked(asked: PermissionAsked): void
  elicitationAsked(asked: ElicitationAsked): void
  /** What the person was sent away for is done, says the agent; `elicitationId` is its name of it. */
  elicitationCompleted(elicitationId: string, line: number): void
  requestCancelled(requestId: AgentRequestId, line: number): void
  /** A mode, config option, session info or compaction update; it is told as `update` as well, afterwards. */
  described(update: JsonObject, line: number): void
  /** The answer to `control` number `no`. */
  controlled(no: number, answer: ControlAnswer, line: number): void
  /** A notification of the agent's own about the session: `method` and `params`, as JSON text. */
  extension(data: string, line: number): void
  /** Something odd that changes nothing, as JSON text. More may come of its line: told again after a crash rather than that lost. */
  warning(data: string, line: number): void
  /** Nothing was said, but a command that the agent runs in a terminal has written something. */
  alive(): void
  /** The connection cannot be used any more. Last call, but for `batchEnd`. */
  lost(error: StoredError): void
  /** Everything up to line `n` has been told; acknowledge it when it is stored. */
  batchEnd(n: number): void
}

export interface AgentConnection {
  /** Undefined for an agent that is no process of this machine. */
  readonly pid: number | undefined
  readonly agentSessionId: AgentSessionId
  readonly continuity: Continuity
  /** What the agent said that it can do, as JSON text; `attach` needs it again. */
  readonly capabilities: string
  /** What it offers to choose from and what is set; nothing for one that was attached to: the rows have it. */
  readonly controls: Controls
  /** What it told of a conversation that was opened with `wantsHistory`; undefined when it told nothing. */
  readonly history?: ImportedHistory | undefined
  /** Of the options it was to be given. */
  readonly refused: readonly RefusedOption[]
  /** Number of the last line before those that `listen` tells. */
  readonly line: number
  /** To be stopped as soon as no turn is out: see AgentProcess. */
  readonly isRetiring: boolean
  /** Starts the telling; what was said since the session was opened comes first. Call once. */
  listen(listener: AgentListener): void
  /** `prompt`: ACP content blocks as JSON text; `meta`: JSON text of the `_meta` beside them. The answer comes as `answered`. */
  prompt(turnId: TurnId, prompt: string, meta?: string): void
  /** False when the prompt of the turn was provably not written to the process. */
  hasPrompt(turnId: TurnId): boolean
  cancel(): void
  /** Takes the request of a prompt back, by its id. It is still answered once, or not at all. */
  withdraw(turnId: TurnId): void
  /** Asks the agent by a method of its own. Rejects with AGENT_*, DEADLINE or why the connection is lost; bounded. */
  extension(call: ExtensionCall): Promise<Json>
  /** Sets something that the agent offers. The answer comes as `controlled`. */
  control(no: number, request: ControlRequest): void
  answerPermission(requestId: AgentRequestId, outcome: PermissionOutcome): void
  /** True when the end of the gateway cannot take the answer back any more; false when that is not known. Never rejects. */
  answerElicitation(requestId: AgentRequestId, answer: ElicitationAnswer): Promise<boolean>
  acknowledge(n: number): void
  /**
   * Ends the process tree and those of its terminals; idempotent, never rejects. `isClosed`: first the agent hears that its session is
   * closed, if it wants to know such things, and has 2 s for it.
   */
  stop(isClosed?: boolean): Promise<StopReport>
}

export interface ConnectRequest {
  readonly definition: AgentDefinition
  readonly sessionId: SessionId
  readonly generation: number
  readonly cwd: string
  /** The directories that the session is about, `cwd` first: what is done for the agent stays in them. */
  readonly roots: readonly string[]
  readonly equipment: AgentEquipment
  /** The agent's own id of a conversation to continue. */
  readonly resume: AgentSessionId | undefined
  /** When the conversation `resume` began, epoch ms; undefined when nobody knows. */
  readonly begunAt: number | undefined
  readonly whenLost: WhenLost
  /** Not `resume` itself, but a fork of it that the agent makes; AGENT_UNSUPPORTED, AGENT_CONVERSATION_LOST. */
  readonly isFork?: boolean
  /** `resume` began without us: what was said in it is to be told. */
  readonly wantsHistory?: boolean
  /** Applied before the connection is given back, each if the agent offers it; what it refuses fails nothing. */
  readonly options: readonly WantedOption[]
  /** A process that was started and initialised ahead, now the connector's: used, or ended if it cannot be. */
  readonly spare: InitializedAgent | undefined
}

/** What the rows say about a process that an earlier life of the gateway has worked with. */
export interface AttachRequest {
  readonly agentSessionId: AgentSessionId
  readonly capabilities: string
  readonly cwd: string
  /** As in ConnectRequest. */
  readonly roots: readonly string[]
  /** Number of the last line whose effect is stored: what lies behind it is not told again. */
  readonly line: number
  /** The turn whose prompt the agent has and has not answered. */
  readonly turnId: TurnId | undefined
  /** Requests of the agent that are stored and not answered yet. */
  readonly requests: readonly Pick<PermissionAsked, 'requestId' | 'line'>[]
  /** The last stored update of the turn that is out, as JSON text, when more of its message may come. */
  readonly lastUpdate: string | undefined
  /** What is stored of the turn that is out, oldest first: all of it within a bound for agents of ACP v2, else the newest. */
  readonly updates: readonly string[]
  /** Number of this life of the session; keeps the ids of our requests apart from those of earlier lives. */
  readonly life: number
}

/** An agent process that outlived the gateway that started it; its exit may be waiting to be told. */
export interface HeldSessionAgent {
  /** Undefined for one that was started for no session. */
  readonly sessionId: SessionId | undefined
  readonly generation: number
  readonly pid: number
  readonly isRetiring: boolean
  /** Whether the agent was given the prompt of this turn, in any life. */
  hasPrompt(turnId: TurnId): boolean
  /** Whether the request on this line was answered, in any life. */
  hasAnswer(line: number): boolean
  /** Goes on with the conversation, without a handshake. Nothing is told before `listen`. Call once, instead of `stop`. */
  attach(request: AttachRequest): AgentConnection
  /** Ends the process tree and those of its terminals; idempotent, never rejects. */
  stop(): Promise<StopReport>
}

export interface AgentConnector {
  /**
   * Spawns and initialises, unless there is a spare that can be used, and opens the agent's session, each phase under its
   * deadline. When it rejects (AGENT_*, SPAWN_FAILED, CANCELLED) no process of the attempt is left. Aborting `signal` ends it.
   */
  connect(request: ConnectRequest, signal: AbortSignal): Promise<AgentConnection>
  /** Which sessions of its own an agent offers. Starts it and ends it again; rejects with AGENT_*, SPAWN_FAILED or CANCELLED. */
  offer(
    request: { readonly definition: AgentDefinition; readonly cwd: string | undefined },
    signal: AbortSignal,
  ): Promise<AgentOffer>
  /** Removes one of its own sessions where the agent keeps it. Starts it and ends it again; see forget-agent-session.ts. */
  forget(request: ForgetRequest, signal: AbortSignal): Promise<void>
  /** The processes that outlived an earlier life of the gateway. The caller attaches to each or stops it. */
  held(): readonly HeldSessionAgent[]
}
