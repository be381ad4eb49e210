// What the store keeps about permissions beside the requests themselves: modes of sessions, and standing rules.

import type { RuleId } from '../base/ids.ts'
import type { SessionNo } from './records.ts'

/** What happens to a permission request that no rule is about. */
export type PermissionMode = 'ask' | 'approve-reads' | 'approve-all' | 'deny-all'

/** What happens to a permission request that waits for a person while no client is attached. */
export type Unattended = 'ask' | 'deny' | 'fail'

export type RuleEffect = 'allow' | 'ask' | 'deny'

/** A standing answer to permission requests. Never deleted: a revoked one says what was allowed until when, and who ended it. */
export interface PermissionRuleRecord {
  readonly id: RuleId
  readonly effect: RuleEffect
  readonly scope: 'session' | 'agent' | 'everywhere'
  /** With scope `session`. */
  readonly sessionNo: SessionNo | undefined
  /** Name of the agent, with scope `agent`. */
  readonly agent: string | undefined
  /** ACP tool kind, as the agent claims it. */
  readonly toolKind: string | undefined
  /** Pattern of a path; relative ones are below the working directory of the session. */
  readonly path: string | undefined
  /** Words of a command; a `*` at the end stands for any further ones. */
  readonly command: string | undefined
  readonly createdAt: number
  readonly createdBy: string
  /** Epoch ms; from then on it is as if it were revoked. */
  readonly expiresAt: number | undefined
  readonly revokedAt: number | undefined
  readonly revokedBy: string | undefined
  /** Requests that it has decided. */
  readonly hits: number
  readonly lastUsedAt: number | undefined
}
