// `holdfast serve`: runs a gateway in this process. Only hands the flags on; the gateway is the daemon's.

import type { CommandContext } from '../context.ts'

/** As commander hands them over; only what was given. */
export interface ServeCommandOptions {
  readonly config?: string
  readonly host?: string
  readonly port?: string
  readonly logLevel?: string
  readonly detached?: boolean
  readonly successor?: boolean
}

export async function serve({ deps }: CommandContext, options: ServeCommandOptions): Promise<number> {
  const { config, host, port, logLevel, detached = false, successor = false } = options
  const given = Object.entries({ config, host, port, 'log-level': logLevel }).filter((pair) => pair[1] !== undefined)
  return deps.serve({ detached, successor, flags: Object.fromEntries(given) as Record<string, string> })
}
