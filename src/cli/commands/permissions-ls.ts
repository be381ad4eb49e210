// `holdfast permissions ls`: what waits for an answer in all sessions or one, as it is, as it comes, or with everything that is over.

import type { HoldfastClient } from '../../client/client.ts'
import type { PermissionStep } from '../../client/permission-stream.ts'
import type { PermissionView } from '../../wire/permission.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { follow } from '../follow.ts'
import { openGateway } from '../gateway.ts'
import type { Screen } from '../output/screen.ts'
import { permissionHistory, permissionTable, permissionWish } from '../output/permission-text.ts'
import { terminalLine } from '../output/terminal-text.ts'

export interface PermissionsOptions {
  readonly session?: string
  readonly follow?: boolean
  readonly history?: boolean
  readonly limit: number
}

const SHOWN_MAX = 200

export async function permissionsLs(context: CommandContext, options: PermissionsOptions): Promise<number> {
  const { screen } = context
  using gateway = await openGateway(context)
  const { client } = gateway
  if (options.follow === true) return await followAll(context, client, options.session)
  const of = options.session === undefined ? {} : { session: options.session }
  const isHistory = options.history === true
  const which = isHistory ? { limit: options.limit } : { state: 'open' as const, limit: SHOWN_MAX }
  const { permissions } = await client.listPermissions({ ...of, ...which })
  if (screen.json) for (const permission of permissions) screen.record(permission)
  else if (isHistory) screen.print(permissionHistory(permissions, screen.style))
  else showOpen(screen, permissions)
  return EXIT.done
}

function showOpen(screen: Screen, permissions: readonly PermissionView[]): void {
  if (permissions.length === 0) return screen.note('nothing waits for an answer')
  screen.print(permissionTable(permissions, screen.style, Date.now()))
  screen.note('answer with: holdfast approve PERMISSION [OPTION]')
}

/** Until Ctrl-C. With --json one object a line: what was told, and the request. */
async function followAll(context: CommandContext, client: HoldfastClient, idOrKey?: string): Promise<number> {
  const { screen } = context
  const session = idOrKey === undefined ? undefined : (await client.getSession(idOrKey)).id
  return await follow(
    context,
    (options) => client.followPermissions(options),
    (step) => {
      for (const { kind, permission } of requestsOf(step)) {
        if (session !== undefined && permission.session_id !== session) continue
        if (screen.json) screen.record({ event: `permission.${kind}`, permission })
        else screen.print(lineOf(kind, permission, screen))
      }
    },
  )
}

/** What is open at the beginning, and again after a reconnect, is told as requested. */
function requestsOf(step: PermissionStep): { kind: 'requested' | 'closed'; permission: PermissionView }[] {
  if (step.kind !== 'snapshot') return [{ kind: step.kind, permission: step.permission }]
  return step.permissions.toReversed().map((permission) => ({ kind: 'requested', permission }))
}

function lineOf(kind: 'requested' | 'closed', permission: PermissionView, { style }: Screen): string {
  const { id, session_id: session, state, option_id: option, answered_by: by } = permission
  const what =
    kind === 'requested'
      ? `${style.yellow('wants')}  ${terminalLine(permissionWish(permission), 300)}`
      : `${style.dim(state)}  ${terminalLine([option, by].filter((one) => one !== null).join(' by '), 300)}`
  return `${id}  ${session}  ${what}\n`
}
