// `holdfast sessions set` and `holdfast sessions reset`: what the agent of a session is to be like and has, and its defaults again.

import type { SessionPatch } from '../../wire/session.ts'
import type { ResetWhat } from '../choices.ts'
import { CONTINUITY } from '../choices.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'
import { sessionDetail } from '../output/controls-text.ts'
import { equipmentBody } from '../program-equipment.ts'
import type { EquipmentOptions } from '../program-equipment.ts'
import { UsageError } from '../usage-error.ts'

export async function sessionsSet(
  context: CommandContext,
  equipment: EquipmentOptions,
  idOrKey: string,
  pairs: string[],
): Promise<number> {
  const { screen, deps } = context
  const body = { ...patchOf(pairs), ...equipmentBody(equipment, deps.cwd) }
  if (Object.keys(body).length === 0)
    throw new UsageError('Nothing to change.', 'Name what to change: name=value, --mcp or --add-dir.')
  using gateway = await openGateway(context)
  const session = await gateway.client.changeSession(idOrKey, body)
  if (screen.json) screen.record(session)
  else screen.print(sessionDetail(session, screen.style))
  return EXIT.done
}

export async function sessionsReset(
  context: CommandContext,
  { what, force = false }: { what: ResetWhat; force?: boolean },
  idOrKey: string,
): Promise<number> {
  const { screen } = context
  using gateway = await openGateway(context)
  const { session, stopped, cleared } = await gateway.client.resetSession(idOrKey, { what, force })
  if (screen.json) screen.record({ session, stopped, cleared })
  else {
    const how = stopped === null ? '' : ` (agent ended in ${Math.round(stopped.ms)} ms)`
    screen.print(`cleared ${what}: ${cleared.length === 0 ? 'nothing was set' : cleared.join(' ')}${how}\n`)
  }
  return EXIT.done
}

const SECONDS: ReadonlySet<string> = new Set(['turn_timeout_seconds', 'timeout', 'timeout_seconds'])

/** `name=value`; an empty value clears. `config.<id>=value` is a config option of the agent. */
function patchOf(pairs: readonly string[]): SessionPatch {
  const options: Record<string, unknown> = {}
  const config: Record<string, string | null> = {}
  const patch: SessionPatch = {}
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    if (at < 1) throw new UsageError(`${pair} is not name=value.`, 'An empty value clears: mode=')
    const [name, value] = [pair.slice(0, at), pair.slice(at + 1)]
    if (name === 'continuity') patch.continuity = continuityOf(value)
    else if (name.startsWith('config.')) config[name.slice('config.'.length)] = value === '' ? null : value
    else options[name] = value === '' ? null : SECONDS.has(name) ? secondsOf(value) : value
  }
  if (Object.keys(config).length > 0) options['config'] = config
  return Object.keys(options).length > 0 ? { ...patch, options } : patch
}

/** What is no number goes as it is, for the gateway to refuse; NaN would be sent as null, which clears. */
function secondsOf(value: string): number | string {
  return /^\d{1,9}$/.test(value) ? Number(value) : value
}

function continuityOf(value: string): NonNullable<SessionPatch['continuity']> {
  const found = CONTINUITY.find((policy) => policy === value)
  if (found !== undefined) return found
  throw new UsageError(`${value} is no continuity.`, `Choose one of ${CONTINUITY.join(', ')}.`)
}
