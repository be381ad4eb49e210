// What an installed service is made of: programs, places, variables. The texts of all its files come from this alone.

import type { UnitScope } from '../detect-supervisor.ts'

export interface ServicePlan {
  readonly scope: UnitScope
  readonly version: string
  /** argv of the gateway, absolute: the Node that runs us, our launcher, `serve`. */
  readonly gateway: readonly [string, ...string[]]
  /** argv of the keeper without its orders. */
  readonly keeper: readonly [string, ...string[]]
  /** Variables that say where everything is, and PATH. */
  readonly env: Readonly<Record<string, string>>
  /** Read by systemd at each start when it is there: further variables, for API keys and the like. */
  readonly environmentFile: string
  /** Absolute paths of this service's home. */
  readonly runDir: string
  readonly stateDir: string
  readonly socket: string
  readonly logFile: string
  /** Milliseconds that running turns have at a stop. */
  readonly drainMs: number
  /** TCP address of the gateway; undefined without HTTP. */
  readonly tcp: string | undefined
  /** systemd holds the sockets while the gateway restarts. */
  readonly hasSocket: boolean
  /** Of a system service: whom it runs as. */
  readonly user: string | undefined
}

/** First comment of every file that we write: without it a file is somebody else's. */
export const MARKER = 'Written by holdfast service install.'

export const UNIT_NAMES = {
  gateway: 'holdfast.service',
  keeper: 'holdfast-keeper@.service',
  socket: 'holdfast.socket',
} as const

/** Comments at the head of a file: whose it is, and what `holdfast doctor` compares. */
export function headOf({ version, stateDir }: ServicePlan): readonly string[] {
  return [`${MARKER} Changes are lost with the next install; use a drop-in.`, `version=${version}`, `state=${stateDir}`]
}
