// `holdfast sessions adopt`: lists the sessions that an agent has of its own, or with --id makes one of them ours.

import path from 'node:path'

import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'
import type { Gateway } from '../gateway.ts'
import { table } from '../output/table.ts'
import { equipmentBody } from '../program-equipment.ts'
import type { EquipmentOptions } from '../program-equipment.ts'
import { onlyAgent } from '../session-choice.ts'
import { UsageError } from '../usage-error.ts'

export interface SessionsAdoptOptions extends EquipmentOptions {
  readonly agent?: string
  readonly id?: string
  readonly key?: string
  readonly label?: string
  readonly cwd?: string
}

export async function sessionsAdopt(context: CommandContext, options: SessionsAdoptOptions): Promise<number> {
  const { id, key, label } = options
  if (id === undefined && (key !== undefined || label !== undefined))
    throw new UsageError('Which session?', 'Name it with --id; without --id the sessions of the agent are listed.')
  const equipment = equipmentBody(options, context.deps.cwd)
  if (id === undefined && Object.keys(equipment).length > 0)
    throw new UsageError('Which session?', 'Name it with --id; without --id the sessions of the agent are listed.')
  using gateway = await openGateway(context)
  const agent = options.agent ?? (await onlyAgent(gateway.client))
  const cwd = options.cwd === undefined ? undefined : path.resolve(context.deps.cwd, options.cwd)
  if (id === undefined) return await list(context, gateway, cwd === undefined ? { agent } : { agent, cwd })
  const session = await gateway.client.adoptSession({
    agent,
    agent_session_id: id,
    ...(cwd !== undefined && { cwd }),
    ...(key !== undefined && { key }),
    ...(label !== undefined && { label }),
    ...equipment,
  })
  if (context.screen.json) context.screen.record(session)
  else context.screen.print(`adopted as ${session.id}; its history is read with the first prompt\n`)
  return EXIT.done
}

async function list(
  { screen }: CommandContext,
  { client }: Gateway,
  { agent, ...query }: { agent: string; cwd?: string },
): Promise<number> {
  const { sessions, is_cut: isCut } = await client.listAgentSessions(agent, query)
  if (screen.json) for (const session of sessions) screen.record(session)
  else if (sessions.length === 0) screen.note(`agent ${agent} has no sessions of its own`)
  else {
    const rows = sessions.map((one) => [
      one.agent_session_id,
      one.session_id ?? '-',
      one.updated_at ?? '-',
      one.title ?? '-',
      [one.cwd, ...one.additional_directories].join(' '),
    ])
    screen.print(table(['AGENT SESSION', 'SESSION', 'UPDATED', 'TITLE', 'DIRECTORIES'], rows, screen.style))
  }
  if (isCut) screen.note('there are more')
  return EXIT.done
}
