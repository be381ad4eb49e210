// The queries of session rows.
// Read by the generator only (tools/gen-statements.ts); src/store/statements.gen.ts is what runs.

import { sql } from 'kysely'

import type { ContinuityPolicy, ConversationRecord, NotifyPolicy, SessionState } from '../records.ts'
import type { NewSession } from '../store.ts'
import type { PermissionMode } from '../permission-rule-record.ts'
import type { StoreDialect } from '../dialect.ts'
import { query } from '../query.ts'
import {
  elicitationIsKept,
  elicitationIsOpen,
  permissionIsOpen,
  sessionIsDamaged,
  sessionIsNotClosed,
  turnIsUnsettled,
} from '../schema.ts'
import type { SessionTable } from '../schema.ts'

export type SessionQueries = ReturnType<typeof sessionQueries>

export type SessionRow = Omit<SessionTable, 'no'> & { no: number }

export function sessionQueries(dialect: StoreDialect) {
  return { ...reads(dialect), ...ownership(dialect), ...changes(dialect) }
}

type InsertArgs = Omit<
  NewSession,
  'key' | 'requestKey' | 'permissionMode' | 'continuity' | 'options' | 'family' | 'conversation' | 'equipment' | 'given'
> & {
  key: string | null
  requestKey: string | null
  conversation: string | null
  source: 'adopted' | 'forking' | null
  isUsed: number
  label: string | null
  parent: string | null
  notify: NotifyPolicy
  permissionMode: PermissionMode
  continuity: ContinuityPolicy
  options: string
  equipment: string | null
}
type TermsArgs = {
  no: number
  continuity: ContinuityPolicy
  options: string
  controls: string | null
  title: string | null
  source: NonNullable<ConversationRecord['source']> | null
  isUsed: number
  begunAt: number | null
  anew: NonNullable<ConversationRecord['anew']> | null
  isLost: number
  login: string | null
  definitionDigest: string | null
  equipment: string | null
}
type OwnerArgs = { no: number; node: string; epoch: number }
type AdvanceArgs = OwnerArgs & {
  fromSeq: number
  seq: number
  crc: number
  turnN: number
  line: number | null
  now: number
}
type PatchArgs = {
  no: number
  state: SessionState | null
  setBlockedBy: number
  blockedBy: string | null
  setAgentSessionId: number
  agentSessionId: string | null
  generation: number | null
  clearAgentLine: number
  agentCapabilities: string | null
  permissionMode: PermissionMode | null
  closedAt: number | null
}

function ownership({ builder, now }: StoreDialect) {
  return {
    insert: query((args: InsertArgs) =>
      builder
        .insertInto('session')
        .values({
          id: args.id,
          key: args.key,
          request_key: args.requestKey,
          agent: args.agent,
          cwd: args.cwd,
          mode: args.mode,
          on_interrupt: args.onInterrupt,
          permission_mode: args.permissionMode,
          continuity: args.continuity,
          options: args.options,
          equipment: args.equipment,
          agent_session_id: args.conversation,
          conversation_source: args.source,
          conversation_used: args.isUsed,
          conversation_lost: 0,
          state: 'open',
          generation: 0,
          node_id: '',
          epoch: 0,
          last_seq: 0,
          last_crc: 0,
          last_turn_n: 0,
          created_at: args.createdAt,
          updated_at: args.createdAt,
          label: args.label,
          parent: args.parent,
          notify: args.notify,
        })
        .returningAll(),
    ),
    acquire: query((args: { no: number; node: string }) =>
      builder
        .updateTable('session')
        .set((row) => ({ node_id: args.node, epoch: row('epoch', '+', 1) }))
        .where('no', '=', args.no)
        .returningAll(),
    ),
    head: query((args: OwnerArgs) =>
      builder
        .selectFrom('session')
        .select(['last_seq', 'last_crc'])
        .where('no', '=', args.no)
        .where('node_id', '=', args.node)
        .where('epoch', '=', args.epoch),
    ),
    advance: query((args: AdvanceArgs) =>
      builder
        .updateTable('session')
        .set({
          last_seq: args.seq,
          last_crc: args.crc,
          last_turn_n: sql<number>`case when last_turn_n < ${args.turnN} then ${args.turnN} else last_turn_n end`,
          agent_line: sql<number>`coalesce(${args.line}, agent_line)`,
          updated_at: now(args),
        })
        .where('no', '=', args.no)
        .where('node_id', '=', args.node)
        .where('epoch', '=', args.epoch)
        .where('last_seq', '=', args.fromSeq),
    ),
  }
}

function changes({ builder }: StoreDialect) {
  return {
    patch: query((args: PatchArgs) =>
      builder
        .updateTable('session')
        .set({
          state: sql<SessionState>`coalesce(${args.state}, state)`,
          blocked_by: sql<string>`case when ${args.setBlockedBy} = 1 then ${args.blockedBy} else blocked_by end`,
          agent_session_id: sql<string>`case when ${args.setAgentSessionId} = 1 then ${args.agentSessionId} else agent_session_id end`,
          generation: sql<number>`coalesce(${args.generation}, generation)`,
          agent_line: sql<number>`case when ${args.clearAgentLine} = 1 then null else agent_line end`,
          agent_capabilities: sql<string>`coalesce(${args.agentCapabilities}, agent_capabilities)`,
          permission_mode: sql<PermissionMode>`coalesce(${args.permissionMode}, permission_mode)`,
          closed_at: sql<number>`coalesce(${args.closedAt}, closed_at)`,
        })
        .where('no', '=', args.no),
    ),
    quarantine: query((args: { no: number; damage: string }) =>
      builder
        .updateTable('session')
        .set((row) => ({ damage: args.damage, epoch: row('epoch', '+', 1) }))
        .where('no', '=', args.no)
        .where('damage', 'is', null),
    ),
    retire: query((args: { no: number; now: number }) =>
      builder
        .updateTable('session')
        .set((row) => ({ state: 'closed' as const, closed_at: args.now, epoch: row('epoch', '+', 1) }))
        .where('no', '=', args.no)
        .where('damage', 'is not', null)
        .where('state', '<>', 'closed'),
    ),
    setTerms: query((args: TermsArgs) =>
      builder
        .updateTable('session')
        .set({
          continuity: args.continuity,
          options: args.options,
          controls: args.controls,
          title: args.title,
          conversation_source: args.source,
          conversation_used: args.isUsed,
          conversation_begun_at: args.begunAt,
          conversation_anew: args.anew,
          conversation_lost: args.isLost,
          login: args.login,
          definition_digest: args.definitionDigest,
          equipment: args.equipment,
        })
        .where('no', '=', args.no),
    ),
  }
}

function reads({ builder }: StoreDialect) {
  const session = builder.selectFrom('session').selectAll('session')
  return {
    findById: query((args: { id: string }) => session.where('id', '=', args.id)),
    findByKey: query((args: { key: string }) => session.where('key', '=', args.key).where(sessionIsNotClosed())),
    findByRequest: query((args: { requestKey: string }) =>
      session.where('request_key', '=', args.requestKey).where(sessionIsNotClosed()),
    ),
    findByConversation: query((args: { agent: string; id: string }) =>
      session.where('agent_session_id', '=', args.id).where(sessionIsNotClosed()).where('agent', '=', args.agent),
    ),
    findByNo: query((args: { no: number }) => session.where('no', '=', args.no)),
    listUnsettled: query(() =>
      session
        .where('no', 'in', (some) =>
          some
            .selectFrom('turn')
            .select('turn.session_no as no')
            .where(turnIsUnsettled())
            .unionAll(some.selectFrom('permission').select('permission.session_no as no').where(permissionIsOpen()))
            .unionAll(some.selectFrom('elicitation').select('elicitation.session_no as no').where(elicitationIsOpen()))
            .unionAll(some.selectFrom('elicitation').select('elicitation.session_no as no').where(elicitationIsKept()))
            .unionAll(some.selectFrom('session as s').select('s.no').where('s.state', '=', 'closing')),
        )
        .where('damage', 'is', null)
        .orderBy('no'),
    ),
    walk: query((args: { after: number; limit: number }) =>
      session.where('no', '>', args.after).orderBy('no').limit(args.limit),
    ),
    listLoginWaits: query(() =>
      builder
        .selectFrom('session')
        .select(['no', 'id', 'agent'])
        .where('login', 'is not', null)
        .where('state', '=', 'open')
        .orderBy('no'),
    ),
    countDamaged: query(() =>
      builder
        .selectFrom('session')
        .select((row) => row.fn.countAll<number>().as('count'))
        .where(sessionIsDamaged())
        .where('state', '<>', 'closed'),
    ),
    count: query((args: { state: SessionState }) =>
      builder
        .selectFrom('session')
        .select((row) => row.fn.countAll<number>().as('count'))
        .where('state', '=', args.state),
    ),
  }
}
