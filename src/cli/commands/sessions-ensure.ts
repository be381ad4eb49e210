// `holdfast sessions ensure` and `holdfast sessions edit`: a session by its key, and what is said about it.

import path from 'node:path'

import type { SessionPatch, SessionView } from '../../wire/session.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'
import { sessionFacts } from '../output/session-text.ts'
import { equipmentBody } from '../program-equipment.ts'
import type { EquipmentOptions } from '../program-equipment.ts'
import { onlyAgent } from '../session-choice.ts'
import { UsageError } from '../usage-error.ts'

type Notify = SessionView['notify']

export interface SessionsEnsureOptions extends EquipmentOptions {
  readonly agent?: string
  readonly cwd?: string
  readonly mode?: SessionView['mode']
  readonly label?: string
  readonly parent?: string
  readonly notify?: Notify
}

export async function sessionsEnsure(
  context: CommandContext,
  { agent, cwd = '.', mcp, addDir, ...rest }: SessionsEnsureOptions,
  key: string,
): Promise<number> {
  const { screen, deps } = context
  using gateway = await openGateway(context)
  const { client } = gateway
  const body = { agent: agent ?? (await onlyAgent(client)), cwd: path.resolve(deps.cwd, cwd) }
  const equipment = equipmentBody({ ...(mcp && { mcp }), ...(addDir && { addDir }) }, deps.cwd)
  const { session, created } = await client.ensureSession(key, { ...body, ...rest, ...equipment })
  if (screen.json) screen.record({ session, created })
  else screen.print(`${created ? 'made' : 'found'} ${session.id}\n`)
  if (!created && isOther(session, equipment))
    screen.note(
      `it keeps its MCP servers and directories; change them with: holdfast sessions set ${key} --mcp or --add-dir`,
    )
  return EXIT.done
}

/** A session that was there is left as it is. */
function isOther(session: SessionView, asked: ReturnType<typeof equipmentBody>): boolean {
  const isSame = (wanted: readonly string[] | undefined, has: readonly string[]): boolean =>
    wanted === undefined || wanted.toSorted().join('\0') === has.toSorted().join('\0')
  const { mcp_servers: servers, additional_directories: directories } = asked
  return !isSame(servers, session.mcp_servers) || !isSame(directories, session.additional_directories)
}

export interface SessionsEditOptions {
  /** `none` takes it away; so for the parent. */
  readonly label?: string
  readonly parent?: string
  readonly notify?: Notify
}

export async function sessionsEdit(
  context: CommandContext,
  { label, parent, notify }: SessionsEditOptions,
  idOrKey: string,
): Promise<number> {
  const { screen } = context
  const body: SessionPatch = {
    ...(label !== undefined && { label: label === 'none' ? null : label }),
    ...(parent !== undefined && { parent: parent === 'none' ? null : parent }),
    ...(notify !== undefined && { notify }),
  }
  if (Object.keys(body).length === 0)
    throw new UsageError('Nothing to change.', 'Name what to change: --label, --parent or --notify.')
  using gateway = await openGateway(context)
  const session = await gateway.client.changeSession(idOrKey, body)
  if (screen.json) screen.record(session)
  else screen.print(sessionFacts(session, screen.style))
  return EXIT.done
}
