// Permission requests as people read them.

import { isJsonObject } from '../../base/json.ts'
import type { PermissionView } from '../../wire/permission.ts'
import type { Style } from './style.ts'
import { table } from './table.ts'
import { age } from './time.ts'

export function permissionTable(permissions: readonly PermissionView[], style: Style, nowMs: number): string {
  const rows = permissions.map((permission) => [
    permission.id,
    permission.session_id,
    age(permission.requested_at, nowMs),
    permission.due_at,
    permission.options.map((option) => textOf(option['optionId'])).join(' '),
    permissionWish(permission),
  ])
  return table(['PERMISSION', 'SESSION', 'AGE', 'REFUSED AT', 'OPTIONS', 'WANTS'], rows, style)
}

/** Who decided what, and when. */
export function permissionHistory(permissions: readonly PermissionView[], style: Style): string {
  const rows = permissions.map((permission) => [
    permission.id,
    permission.session_id,
    permission.requested_at,
    permission.state,
    permission.option_id ?? '-',
    permission.answered_by ?? '-',
    permission.closed_at ?? '-',
    permissionWish(permission),
  ])
  return table(['PERMISSION', 'SESSION', 'ASKED', 'STATE', 'OPTION', 'BY', 'CLOSED', 'WANTED'], rows, style)
}

/** The agent's own words for what it wants; a command is shown as it is. */
export function permissionWish({ tool_call: call }: PermissionView): string {
  const command = isJsonObject(call['rawInput']) ? call['rawInput']['command'] : undefined
  const shown = Array.isArray(command) ? command.map(textOf).join(' ') : textOf(command)
  return [textOf(call['title']) || textOf(call['toolCallId']), shown].filter((text) => text !== '').join(': ')
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
