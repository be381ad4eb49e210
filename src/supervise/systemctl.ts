// Asks systemd through its own program. Bounded; needs no library and no D-Bus of ours.

import { HoldfastError } from '../base/errors.ts'
import { findTool, runBriefly, TOOL_PATH, type BriefRun } from '../process/run-briefly.ts'
import type { UnitScope, Variables } from './detect-supervisor.ts'

const RUN_MS_MAX = 5_000

const NO_MANAGER =
  'this shell has no manager of its user (XDG_RUNTIME_DIR is not set); log in as that user, not with su or sudo'

/** Variables by which systemctl finds the manager of a user. */
const PASSED = ['XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS', 'HOME']

export interface SystemctlOptions {
  readonly env: Variables
  readonly scope: UnitScope
  readonly msMax?: number
}

/** SUPERVISOR_UNAVAILABLE when there is no systemctl, or it does not answer in time. A command that fails resolves, too. */
export async function runSystemctl(
  { env, scope, msMax = RUN_MS_MAX }: SystemctlOptions,
  args: readonly string[],
): Promise<BriefRun> {
  const tool = findTool('systemctl', TOOL_PATH)
  if (tool === undefined) throw new HoldfastError('SUPERVISOR_UNAVAILABLE', { reason: 'there is no systemctl' })
  if (scope === 'user' && !env['XDG_RUNTIME_DIR'] && !env['DBUS_SESSION_BUS_ADDRESS'])
    throw new HoldfastError('SUPERVISOR_UNAVAILABLE', { reason: NO_MANAGER })
  const passed = PASSED.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]))
  const argv = [tool, scope === 'user' ? '--user' : '--system', '--no-pager', '--no-ask-password', ...args] as const
  try {
    return await runBriefly([...argv] as [string, ...string[]], { env: Object.fromEntries(passed), msMax })
  } catch (cause) {
    throw new HoldfastError('SUPERVISOR_UNAVAILABLE', { reason: `systemctl ${args[0]} does not answer` }, { cause })
  }
}
