// `holdfast status`: what the gateway does right now. Never starts one: not running is the answer.

import type { StatusView } from '../../wire/gateway.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'
import { livesText, safeModeText } from '../health-checks.ts'
import type { Style } from '../output/style.ts'
import { facts } from '../output/table.ts'
import { age } from '../output/time.ts'

export async function status(context: CommandContext): Promise<number> {
  const { screen } = context
  using gateway = await openGateway({ ...context, mayStart: false })
  const view = await gateway.client.status()
  if (screen.json) screen.record(view)
  else screen.print(statusText(view, screen.style))
  return EXIT.done
}

/** Such as `3 live (1 idle, 1 spare), 1 stuck`; what is zero is left out. */
function agentsText({ agents_live, agents_remote, agents_idle, agents_spare, agents_stuck }: StatusView): string {
  const counted = [
    [agents_remote, 'remote'],
    [agents_idle, 'idle'],
    [agents_spare, 'spare'],
  ] as const
  const warm = counted.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`)
  const stuck = agents_stuck === 0 ? '' : `, ${agents_stuck} stuck`
  return `${agents_live} live${warm.length === 0 ? '' : ` (${warm.join(', ')})`}${stuck}`
}

function keeperText({ no, pid, version, agents, retiring }: StatusView['keepers'][number]): string {
  const held = `${agents} ${agents === 1 ? 'agent' : 'agents'}`
  return `${no}, pid ${pid}, ${held}${retiring ? `, of version ${version}: it ends when they are idle` : ''}`
}

function loginText({ agent, sessions, elsewhere }: StatusView['logins_needed'][number]): string {
  const waiting = `${sessions} ${sessions === 1 ? 'session waits' : 'sessions wait'}`
  const how = elsewhere ? 'log in there, or mend its headers' : `holdfast agents login ${agent}`
  return `needed by ${agent}, ${waiting}: ${how}`
}

function statusText(view: StatusView, style: Style): string {
  const { sessions, turns, safe_mode: safeMode, sessions_quarantined: damaged } = view
  const quarantined = damaged === 0 ? '' : `; ${damaged} in quarantine, see holdfast doctor`
  return facts(
    [
      ['gateway', `${view.state}, version ${view.version}, pid ${view.pid}, up ${age(view.started_at, Date.now())}`],
      ...(safeMode === null ? [] : [['safe mode', safeModeText(safeMode, Date.now())] as const]),
      ['node', `${view.node}, epoch ${view.epoch}, ${view.node_version}`],
      ['http', view.url ?? 'off'],
      ['socket', view.socket ?? 'off'],
      ['state', view.state_dir],
      ['hosting', `${view.hosting}, processes tagged by ${view.tagging}`],
      ...view.keepers.map((keeper) => ['keeper', keeperText(keeper)] as const),
      ['agents', agentsText(view)],
      ['sessions', `${sessions.open} open, ${sessions.closing} closing, ${sessions.closed} closed${quarantined}`],
      ['turns', `${turns.active} active, ${turns.queued} queued`],
      ['permissions', `${view.permissions_open} open`],
      ['questions', `${view.elicitations_open} open`],
      ...view.logins_needed.map((login) => ['login', loginText(login)] as const),
      ['streams', view.streams_open],
      ['lives', livesText(view, Date.now())],
      ['disk', view.disk_full ? 'full: no new work is taken until there is room' : undefined],
    ],
    style,
  )
}
