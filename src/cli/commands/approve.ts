// `holdfast approve`: answers one permission request; allow once when no option is named, the offered refusal with --deny.

import { isJsonObject } from '../../base/json.ts'
import type { PermissionView } from '../../wire/permission.ts'
import { HoldfastError } from '../../base/errors.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'
import type { HoldfastClient } from '../../client/client.ts'
import { terminalLine } from '../output/terminal-text.ts'
import { allowOnceOption, denyOption } from '../permission-rule.ts'
import { UsageError } from '../usage-error.ts'

export async function approve(
  context: CommandContext,
  options: { deny?: boolean },
  id: string,
  option?: string,
): Promise<number> {
  const { screen } = context
  if (options.deny === true && option !== undefined)
    throw new UsageError('Name an option or --deny, not both.', 'See: holdfast approve --help')
  using gateway = await openGateway(context)
  const { client } = gateway
  const optionId = option ?? (await chooseOption(client, id, options.deny === true))
  const answered = await client.answerPermission(id, { option_id: optionId, answered_by: 'cli' })
  if (screen.json) screen.record(answered)
  else screen.print(`${terminalLine(answered.id)} ${answered.state}: ${terminalLine(answered.option_id ?? '-')}\n`)
  return EXIT.done
}

async function chooseOption(client: HoldfastClient, id: string, deny: boolean): Promise<string> {
  const open = await findOpen(client, id)
  const options = open.options.filter(isJsonObject)
  const optionId = deny ? denyOption(options) : allowOnceOption(options)
  if (optionId !== undefined) return optionId
  const offered = options
    .map((one) => (typeof one['optionId'] === 'string' ? terminalLine(one['optionId'], 100) : '?'))
    .join(', ')
  throw new UsageError(deny ? 'No refusal was offered.' : 'Allowing once was not offered.', `Name one of: ${offered}`)
}

async function findOpen(client: HoldfastClient, id: string): Promise<PermissionView> {
  const { permissions } = await client.listPermissions({ state: 'open', limit: 200 })
  const found = permissions.find((permission) => permission.id === id)
  return found ?? (await notOpen(client, id))
}

async function notOpen(client: HoldfastClient, id: string): Promise<never> {
  const { permissions } = await client.listPermissions({ limit: 200 })
  const closed = permissions.find((permission) => permission.id === id)
  if (closed === undefined) throw new HoldfastError('PERMISSION_NOT_FOUND', { permission: id })
  throw new HoldfastError('PERMISSION_CLOSED', { permission: id, state: closed.state })
}
