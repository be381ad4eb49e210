// All tables of a store, on the generated statements of one dialect.

import type { TextsOf } from './statement.ts'
import { ElicitationRows } from './tables/elicitation.ts'
import type { ElicitationQueries } from './tables/elicitation-queries.ts'
import { EventRows } from './tables/event.ts'
import type { EventQueries } from './tables/event-queries.ts'
import { KeeperRows } from './tables/keeper.ts'
import type { KeeperQueries } from './tables/keeper-queries.ts'
import { LeaseRows } from './tables/lease.ts'
import type { LeaseQueries } from './tables/lease-queries.ts'
import { LifeRows } from './tables/life.ts'
import type { LifeQueries } from './tables/life-queries.ts'
import { NodeRows } from './tables/node.ts'
import type { NodeQueries } from './tables/node-queries.ts'
import { PermissionRows } from './tables/permission.ts'
import type { PermissionQueries } from './tables/permission-queries.ts'
import { PermissionRuleRows } from './tables/permission-rule.ts'
import type { PermissionRuleQueries } from './tables/permission-rule-queries.ts'
import { SessionGivenRows } from './tables/session-given.ts'
import type { SessionGivenQueries } from './tables/session-given-queries.ts'
import { SessionRows } from './tables/session.ts'
import type { SessionListQueries } from './tables/session-list-queries.ts'
import type { SessionQueries } from './tables/session-queries.ts'
import type { SessionFamilyQueries } from './tables/session-family-queries.ts'
import { SessionFamilyRows } from './tables/session-family.ts'
import { TaskRows } from './tables/task.ts'
import type { TaskQueries } from './tables/task-queries.ts'
import { TurnRows } from './tables/turn.ts'
import type { TurnQueries } from './tables/turn-queries.ts'

export interface Tables {
  readonly nodes: NodeRows
  readonly lives: LifeRows
  readonly sessions: SessionRows
  readonly families: SessionFamilyRows
  readonly given: SessionGivenRows
  readonly turns: TurnRows
  readonly events: EventRows
  readonly permissions: PermissionRows
  readonly elicitations: ElicitationRows
  readonly permissionRules: PermissionRuleRows
  readonly tasks: TaskRows
  readonly keepers: KeeperRows
  readonly leases: LeaseRows
}

/** The queries of all tables, with their types. */
export interface Queries {
  readonly node: NodeQueries
  readonly life: LifeQueries
  readonly session: SessionQueries
  readonly sessionList: SessionListQueries
  readonly sessionFamily: SessionFamilyQueries
  readonly sessionGiven: SessionGivenQueries
  readonly turn: TurnQueries
  readonly event: EventQueries
  readonly permission: PermissionQueries
  readonly elicitation: ElicitationQueries
  readonly permissionRule: PermissionRuleQueries
  readonly task: TaskQueries
  readonly keeper: KeeperQueries
  readonly lease: LeaseQueries
}

/** What tools/gen-statements.ts writes for each dialect. */
export type StatementTexts = { readonly [Table in keyof Queries]: TextsOf<Queries[Table]> }

export function createTables(texts: StatementTexts): Tables {
  return {
    nodes: new NodeRows(texts.node),
    lives: new LifeRows(texts.life),
    sessions: new SessionRows(texts.session, texts.sessionList),
    families: new SessionFamilyRows(texts.sessionFamily),
    given: new SessionGivenRows(texts.sessionGiven),
    turns: new TurnRows(texts.turn),
    events: new EventRows(texts.event),
    permissions: new PermissionRows(texts.permission),
    elicitations: new ElicitationRows(texts.elicitation),
    permissionRules: new PermissionRuleRows(texts.permissionRule),
    tasks: new TaskRows(texts.task),
    keepers: new KeeperRows(texts.keeper),
    leases: new LeaseRows(texts.lease),
  }
}
