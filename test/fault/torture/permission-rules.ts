// Rules about permission requests: settled once, as the client was told, and the agent got exactly that.

import type { PermissionRecord, TurnRecord } from '../../../src/store/records.ts'
import type { JournalEntry, SessionFacts } from './facts.ts'
import { turnsOf } from './world.ts'
import type { Rule, World } from './world.ts'

export const checkPermissions: Readonly<Record<string, Rule>> = {
  'an answer that was taken stays (S9)': answerStays,
  'a permission request is told as it is stored': toldAsStored,
  'an agent gets the answer that is stored (S9)': agentGotIt,
}

function* answerStays({ history, facts }: World): Iterable<string> {
  const stored = new Map(all(facts.sessions).map((permission) => [permission.id as string, permission]))
  for (const { permissionId, optionId } of history.answered) {
    const now = stored.get(permissionId)
    if (now?.state !== 'answered' || now.optionId !== optionId)
      yield `${permissionId} was answered ${optionId} and is ${now?.state} ${now?.optionId}`
  }
}

function* toldAsStored({ facts }: World): Iterable<string> {
  for (const { events, permissions } of facts.sessions) {
    const closed = Map.groupBy(
      events.filter(({ type }) => type === 'permission.closed').map(({ data }) => JSON.parse(data) as Closed),
      (data) => data.permission_id,
    )
    for (const { id, state, optionId } of permissions) {
      const told = closed.get(id) ?? []
      const isSame = told[0]?.state === state && told[0]?.option_id === (optionId ?? null)
      if (told.length !== (state === 'open' ? 0 : 1) || (told.length === 1 && !isSame))
        yield `${id} is ${state} ${optionId} and told ${JSON.stringify(told)}`
    }
  }
}

interface Closed {
  readonly permission_id: string
  readonly state: string
  readonly option_id: string | null
}

/** By turn and tool call: a turn is received once, so the pair names one request. */
function* agentGotIt({ facts }: World): Iterable<string> {
  const stored = new Map(all(facts.sessions).map((permission) => [pairOf(permission), permission]))
  const got = new Map<string, JournalEntry>()
  for (const entry of facts.journal) {
    if (entry.kind !== 'permission') continue
    const pair = `${String(entry['id'])} ${String(entry['toolCallId'])}`
    if (got.has(pair)) yield `${pair}: answered twice`
    got.set(pair, entry)
    const permission = stored.get(pair)
    const isSelected = entry['outcome'] === 'selected'
    // After a cancel a request is refused without a row of its own.
    if (isSelected && (permission?.state !== 'answered' || permission.optionId !== entry['optionId']))
      yield `${pair}: the agent got ${String(entry['optionId'])}, stored is ${permission?.state} ${permission?.optionId}`
    if (!isSelected && (permission?.state === 'answered' || permission?.state === 'open'))
      yield `${pair}: the agent got ${String(entry['outcome'])}, stored is ${permission.state}`
  }
  const answering = new Set(
    turnsOf(facts)
      .filter(agentAnswered)
      .map(({ id }) => id),
  )
  for (const [pair, { state, turnId }] of stored)
    if (state === 'answered' && turnId !== undefined && answering.has(turnId) && !got.has(pair))
      yield `${pair}: answered, and the agent that ended the turn never got it`
}

/** The agent itself ended the turn, so it had every answer before. */
function agentAnswered({ outcome }: TurnRecord): boolean {
  return outcome?.stopReason !== undefined
}

function pairOf({ turnId, toolCall }: PermissionRecord): string {
  return `${turnId} ${(JSON.parse(toolCall) as { toolCallId: string }).toolCallId}`
}

function all(sessions: readonly SessionFacts[]): PermissionRecord[] {
  return sessions.flatMap(({ permissions }) => permissions)
}
