// `holdfast doctor --orphans [--kill]`: shows agent processes that nobody owns and, after a question, ends them.

import type { CommandContext } from './context.ts'
import type { OrphanProcess } from './deps.ts'
import type { Check } from './doctor-checks.ts'
import { readLine } from './read-line.ts'
import { UsageError } from './usage-error.ts'

export interface KillOptions {
  readonly kill?: boolean
  readonly yes?: boolean
}

/** Said before anything is looked at. UsageError when nobody is there to be asked. */
export function assertKillable({ deps }: CommandContext, { kill, yes }: KillOptions): void {
  if (kill !== true || yes === true || deps.terminal.stdinIsTty) return
  throw new UsageError(
    '--kill asks before it ends anything, and there is no terminal.',
    'To end them without a question, add --yes.',
  )
}

/** Adds one failed check for each orphan that is left. INSTANCE_LOCKED when they are to be ended and the gateway runs. */
export async function lookForOrphans(
  context: CommandContext,
  options: KillOptions,
  add: (...checks: Check[]) => void,
): Promise<void> {
  const { deps } = context
  if (options.kill === true) await deps.endOrphans([]) // who may not end them is told before being asked
  const orphans = await deps.findOrphans()
  if (orphans.length === 0) return add({ name: 'orphans', result: 'ok', detail: 'none' })
  if (options.kill !== true) return add(...orphans.map((orphan) => toCheck(orphan, 'fail')))
  add(...orphans.map((orphan) => toCheck(orphan, 'warn')))
  if (options.yes !== true && !(await isConfirmed(context, orphans.length)))
    return add({ name: 'orphans', result: 'fail', detail: `${orphans.length} live on` })
  const { ended, survivors } = await deps.endOrphans(orphans)
  add({ name: 'orphans', result: 'ok', detail: `${ended} processes ended` })
  for (const pid of survivors) add({ name: `orphan ${pid}`, result: 'fail', detail: 'cannot be ended' })
}

function toCheck({ pid, agent, session, reason }: OrphanProcess, result: 'warn' | 'fail'): Check {
  return { name: `orphan ${pid}`, result, detail: `${agent} of ${session}: ${reason}` }
}

async function isConfirmed({ deps, screen }: CommandContext, count: number): Promise<boolean> {
  screen.err.write(`end these ${count} processes and what they started? [y/N] `)
  const interrupted = new AbortController()
  using _listening = deps.onInterrupt(() => interrupted.abort())
  const line = await readLine(deps.terminal, interrupted.signal)
  return /^y(es)?$/i.test(line?.trim() ?? '')
}
