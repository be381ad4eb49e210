// What the front doors may do about permissions beyond answering one request: modes, standing rules, the inbox, being there.
// Implemented by session-permissions.ts.

import type { RuleId, SessionId } from '../../base/ids.ts'
import type { PermissionMode, PermissionRuleRecord, RuleEffect } from '../../store/permission-rule-record.ts'
import type { SessionNo } from '../../store/records.ts'
import type { InboxStream } from '../inbox.ts'

export interface RuleRequest {
  readonly effect: RuleEffect
  readonly scope: PermissionRuleRecord['scope']
  /** With scope `session`. */
  readonly sessionId?: SessionId
  /** With scope `agent`. */
  readonly agent?: string
  readonly toolKind?: string
  readonly path?: string
  readonly command?: string
  /** Epoch ms. */
  readonly expiresAt?: number
}

export interface PermissionControl {
  /** For requests that come later. `by`: who, for the record. SESSION_NOT_FOUND, SESSION_CLOSED. */
  setMode(id: SessionId, mode: PermissionMode, by: string): Promise<void>
  /** In force when it resolves. PERMISSION_RULE_INVALID, PERMISSION_RULE_LIMIT, SESSION_NOT_FOUND, SESSION_CLOSED, AGENT_UNKNOWN. */
  addRule(request: RuleRequest, by: string): Promise<PermissionRuleRecord>
  /** Idempotent: a rule that is revoked stays as it is. PERMISSION_RULE_NOT_FOUND. */
  revokeRule(id: RuleId, by: string): Promise<PermissionRuleRecord>
  /** Newest first; with `all` revoked and expired ones too. */
  rules(filter: { readonly all: boolean }, limit: number): Promise<PermissionRuleRecord[]>
  /** What waits in all sessions, then every request and every answer as it is stored. Ends when disposed. */
  inbox(): InboxStream
  /** A client reads the session's stream, or without `no` the inbox, until the result is disposed. */
  attend(no?: SessionNo): Disposable
}
