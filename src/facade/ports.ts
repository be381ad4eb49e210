// What the facade needs from the program around it, and the way to one editor. Filled in by api/acp/; tests fill it with fakes.

import type { EventLog } from '../events/event-log.ts'
import type { Logger } from '../observe/logger.ts'
import type { ElicitationControl } from '../session/elicitations/elicitation-control.ts'
import type { PermissionControl } from '../session/permissions/permission-control.ts'
import type { SessionService } from '../session/service.ts'

export interface OfferedAgent {
  readonly name: string
  readonly source: 'built-in' | 'config' | 'imported' | 'installed'
}

export interface FacadePorts {
  readonly service: SessionService
  readonly permissions: Pick<PermissionControl, 'attend'>
  readonly elicitations: Pick<ElicitationControl, 'list' | 'answer'>
  readonly events: Pick<EventLog, 'read' | 'subscribe'>
  /** Those that a session may be made for, in the order of the configuration. */
  agents(): readonly OfferedAgent[]
  /** Whether editors may bring MCP servers with commands over TCP, as it holds now. */
  mayBringCommands(): boolean
  readonly version: string
  readonly logger: Logger
}

/** Why a connection ends; the transport says it in its own words. */
export type CloseReason =
  /** The editor takes nothing. */
  | 'slow'
  /** It sent more, or something else, than it may. */
  | 'refused'
  | 'gateway_stopping'
  | 'token_rotated'
  /** Our fault; the log has it. */
  | 'failed'

/** The way to one editor: lines out, in the order of the calls. What comes in is given to `EditorConnection.receive`. */
export interface EditorTransport {
  /** One message without terminator. Dropped once the transport is closed. */
  send(line: string): void
  /** Undefined while there is room. Else resolves when there is again, or when the transport is closed; never rejects. */
  room(): Promise<void> | undefined
  close(reason: CloseReason): void
}

/** What the URL of the connection asks for. */
export interface ConnectionWishes {
  /** Agent of new sessions that name none. */
  readonly agent?: string
  /** MCP servers of the editor are left out. */
  readonly ignoresMcpServers?: boolean
}

/** Who is at the other end, as the transport knows it. */
export interface ConnectionOrigin {
  /** The unix socket of the gateway, which only its user can open: whoever came by it could start any command without us. */
  readonly isSameUser: boolean
}
