// `holdfast permissions ls`: what waits for an answer, in all sessions or one.

import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'
import { permissionTable } from '../output/session-text.ts'

const SHOWN_MAX = 200

export async function permissionsLs(context: CommandContext, options: { session?: string }): Promise<number> {
  const { screen } = context
  using gateway = await openGateway(context)
  const of = options.session === undefined ? {} : { session: options.session }
  const { permissions } = await gateway.client.listPermissions({ ...of, state: 'open', limit: SHOWN_MAX })
  if (screen.json) for (const permission of permissions) screen.record(permission)
  else if (permissions.length === 0) screen.note('nothing waits for an answer')
  else {
    screen.print(permissionTable(permissions, screen.style, Date.now()))
    screen.note('answer with: holdfast approve PERMISSION [OPTION]')
  }
  return EXIT.done
}
