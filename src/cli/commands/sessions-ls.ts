// `holdfast sessions ls`: the newest sessions, closed ones only when asked for.

import type { SessionView } from '../../wire/session.ts'
import type { HoldfastClient } from '../../client/client.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'
import { sessionTable } from '../output/session-text.ts'

export interface SessionsLsOptions {
  readonly all?: boolean
  readonly agent?: string
  readonly blocked?: boolean
  readonly parent?: string
  readonly label?: string
  readonly limit: number
}

const PAGE_MAX = 200

export async function sessionsLs(context: CommandContext, options: SessionsLsOptions): Promise<number> {
  const { screen } = context
  using gateway = await openGateway(context)
  const sessions = await listSessions(gateway.client, options)
  if (screen.json) for (const session of sessions) screen.record(session)
  else if (sessions.length === 0) screen.note('there are no sessions')
  else screen.print(sessionTable(sessions, screen.style, Date.now()))
  return EXIT.done
}

async function listSessions(
  client: HoldfastClient,
  { all, agent, blocked, parent, label, limit }: SessionsLsOptions,
): Promise<SessionView[]> {
  const filter = {
    ...(all !== true && { state: 'open' as const }),
    ...(agent !== undefined && { agent }),
    ...(blocked === true && { blocked }),
    ...(parent !== undefined && { parent }),
    ...(label !== undefined && { label }),
  }
  const sessions: SessionView[] = []
  let cursor: string | null = null
  do {
    const page = await client.listSessions({
      ...filter,
      limit: Math.min(PAGE_MAX, limit - sessions.length),
      ...(cursor !== null && { cursor }),
    })
    sessions.push(...page.sessions)
    cursor = page.next_cursor
  } while (cursor !== null && sessions.length < limit)
  return sessions
}
