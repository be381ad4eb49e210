// `holdfast restart`: the running gateway leaves its agents to a new one, which is started right away. Turns go on meanwhile.

import { loadConfig } from '../../config/load.ts'
import { pathsOf } from '../../config/paths.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'
import { untilGone } from './stop.ts'

export interface RestartOptions {
  /** Seconds. */
  readonly wait: number
}

/** CONFIG_INVALID before anything is stopped: a configuration that cannot be read must not cost the gateway that runs. */
export async function restart(context: CommandContext, { wait }: RestartOptions): Promise<number> {
  const { screen, deps } = context
  let stopped: number | undefined
  {
    using gateway = await openGateway({ ...context, mayStart: false })
    loadConfig({ env: deps.env, paths: pathsOf(deps.env) })
    const { hosting } = await gateway.client.status()
    const { pid } = await gateway.client.stopGateway(hosting === 'keeper' ? { keep_agents: true } : {})
    await untilGone(gateway, { waitMs: wait * 1000, isAlive: () => deps.isProcessAlive(pid) })
    stopped = pid
  }
  using gateway = await openGateway({ ...context, mayStart: true })
  const { pid, agents_live: agents } = await gateway.client.status()
  if (screen.json) screen.record({ stopped, pid, agents })
  else
    screen.print(
      `restarted: gateway ${pid} instead of ${stopped}, ${agents} ${agents === 1 ? 'agent goes' : 'agents go'} on\n`,
    )
  return EXIT.done
}
