// `holdfast permissions mode`: shows or changes what happens to permission requests of a session that no rule is about.

import type { CommandContext } from '../context.ts'
import { PERMISSION_MODE } from '../choices.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'
import { UsageError } from '../usage-error.ts'

export async function permissionsMode(
  context: CommandContext,
  _: object,
  idOrKey: string,
  wanted?: string,
): Promise<number> {
  const { screen } = context
  const mode = PERMISSION_MODE.find((one) => one === wanted)
  if (wanted !== undefined && mode === undefined)
    throw new UsageError('There is no such mode.', `Choose one of: ${PERMISSION_MODE.join(', ')}`)
  using gateway = await openGateway(context)
  const { client } = gateway
  const session =
    mode === undefined
      ? await client.getSession(idOrKey)
      : await client.changeSession(idOrKey, { permission_mode: mode })
  if (screen.json) screen.record({ session_id: session.id, permission_mode: session.permission_mode })
  else screen.print(`${session.permission_mode}\n`)
  return EXIT.done
}
