// The port between a session's actor and one agent process: what may be asked of it and what it tells.
// Implemented by connect-agent.ts over a real process; everything is told in wire order.

import type { StoredError } from '../base/errors.ts'
import type { AgentSessionId, SessionId, TurnId } from '../base/ids.ts'
import type { JsonObject } from '../base/json.ts'
import type { StopReport } from '../keeper/agent-host.ts'
import type { AgentDefinition } from './definition.ts'

/** JSON-RPC id of a request the agent made. */
export type AgentRequestId = string | number | null

/** How the agent got its conversation: `fresh` means that an earlier one could not be continued. */
export type Continuity = 'new' | 'resumed' | 'loaded' | 'fresh'

export type AgentAnswer =
  | { readonly kind: 'stopped'; readonly stopReason: string; readonly usage: JsonObject | undefined }
  | { readonly kind: 'error'; readonly error: StoredError }
  /** The prompt was not sent: the agent does not take its content. */
  | { readonly kind: 'refused'; readonly error: StoredError }

export type PermissionOutcome =
  | { readonly outcome: 'selected'; readonly optionId: string }
  | { readonly outcome: 'cancelled' }

export interface PermissionAsked {
  readonly requestId: AgentRequestId
  /** ACP tool call in its update shape, as JSON text. */
  readonly toolCall: string
  readonly options: readonly JsonObject[]
}

/** Called in wire order, synchronously from the read of a batch of lines. Must not throw. */
export interface AgentListener {
  /** One session update, as JSON text. The listener may hold it until the next call of another kind. */
  update(data: string): void
  answered(turnId: TurnId, answer: AgentAnswer): void
  permissionAsked(asked: PermissionAsked): void
  requestCancelled(requestId: AgentRequestId): void
  /** Something odd that changes nothing, as JSON text. */
  warning(data: string): void
  /** The connection cannot be used any more. Last call, but for `batchEnd`. */
  lost(error: StoredError): void
  /** Everything up to line `n` has been told; acknowledge it when it is stored. */
  batchEnd(n: number): void
}

export interface AgentConnection {
  readonly pid: number
  readonly agentSessionId: AgentSessionId
  readonly continuity: Continuity
  /** Starts the telling; what was said since the session was opened comes first. Call once. */
  listen(listener: AgentListener): void
  /** `prompt`: ACP content blocks as JSON text. The answer comes as `answered`. */
  prompt(turnId: TurnId, prompt: string): void
  cancel(): void
  answerPermission(requestId: AgentRequestId, outcome: PermissionOutcome): void
  acknowledge(n: number): void
  /** Ends the process tree; idempotent, never rejects. */
  stop(): Promise<StopReport>
}

export interface ConnectRequest {
  readonly definition: AgentDefinition
  readonly sessionId: SessionId
  readonly generation: number
  readonly cwd: string
  /** The agent's own id of a conversation to continue. */
  readonly resume: AgentSessionId | undefined
}

export interface AgentConnector {
  /**
   * Spawns, initialises and opens the agent's session, each phase under its deadline. When it rejects (AGENT_*, SPAWN_FAILED,
   * CANCELLED) no process of the attempt is left. Aborting `signal` ends the attempt.
   */
  connect(request: ConnectRequest, signal: AbortSignal): Promise<AgentConnection>
}
