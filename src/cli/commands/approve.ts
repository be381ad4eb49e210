// `holdfast approve`: answers one permission request; allow once when no option is named, the offered refusal with --deny.

import { isJsonObject } from '../../base/json.ts'
import type { PermissionView } from '../../wire/permission.ts'
import { HoldfastError } from '../../base/errors.ts'
import type { RuleScope } from '../choices.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'
import type { HoldfastClient } from '../../client/client.ts'
import { terminalLine } from '../output/terminal-text.ts'
import { allowOnceOption, denyOption, findOption } from '../permission-rule.ts'
import { UsageError } from '../usage-error.ts'

export interface ApproveOptions {
  readonly deny?: boolean
  /** Makes a rule of this scope. */
  readonly always?: RuleScope
  readonly agentAlways?: boolean
}

export async function approve(
  context: CommandContext,
  options: ApproveOptions,
  id: string,
  option?: string,
): Promise<number> {
  const { screen } = context
  if (options.deny === true && option !== undefined)
    throw new UsageError('Name an option or --deny, not both.', 'See: holdfast approve --help')
  using gateway = await openGateway(context)
  const { client } = gateway
  const optionId = option ?? (await chooseOption(client, id, options))
  const answered = await client.answerPermission(id, {
    option_id: optionId,
    answered_by: 'cli',
    ...(options.always !== undefined && { remember: options.always }),
    ...(options.agentAlways === true && { agent_remembers: true }),
  })
  if (screen.json) screen.record(answered)
  else screen.print(`${terminalLine(answered.id)} ${answered.state}: ${terminalLine(answered.option_id ?? '-')}\n`)
  if (options.always !== undefined) screen.note('the answer holds from now on; see: holdfast rules ls')
  return EXIT.done
}

async function chooseOption(
  client: HoldfastClient,
  id: string,
  { deny = false, agentAlways = false }: ApproveOptions,
): Promise<string> {
  const open = await findOpen(client, id)
  const options = open.options.filter(isJsonObject)
  const lasting = findOption(options, [deny ? 'reject_always' : 'allow_always'])
  const optionId = agentAlways ? lasting : deny ? denyOption(options) : allowOnceOption(options)
  if (optionId !== undefined) return optionId
  const offered = options
    .map((one) => (typeof one['optionId'] === 'string' ? terminalLine(one['optionId'], 100) : '?'))
    .join(', ')
  const missing = deny ? 'No refusal was offered' : 'Allowing was not offered'
  throw new UsageError(`${missing}${agentAlways ? ' for ever' : ' for once'}.`, `Name one of: ${offered}`)
}

async function findOpen(client: HoldfastClient, id: string): Promise<PermissionView> {
  const permission = await client.getPermission(id)
  const { state, answered_by, option_id, closed_at: at } = permission
  if (state === 'open') return permission
  throw new HoldfastError('PERMISSION_CLOSED', { permission: id, state, answered_by, option_id, at })
}
