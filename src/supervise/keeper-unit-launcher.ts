// Starts keepers as units beside the gateway's: in a control group of their own, which the stop and the restart of the gateway's
// unit do not touch. Owns the file with the orders; the keeper removes it when it has read them.

import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'

import { pause } from '../base/deadline.ts'
import { HoldfastError } from '../base/errors.ts'
import { leaveOnceFile, takeBackOnceFile } from '../base/once-file.ts'
import type { Logger } from '../observe/logger.ts'
import { KEEPER_UNIT_VARIABLE, type Supervisor, type Variables } from './detect-supervisor.ts'
import { runSystemctl } from './systemctl.ts'

export interface KeeperUnitOptions {
  readonly env: Variables
  readonly supervisor: Supervisor
  /** Mode 0700; the socket and the orders of keeper N are kN.sock and kN.orders. */
  readonly runDir: string
  readonly logger: Logger
}

/** `false`: it could not be started as a unit, and will not be; the caller may start it in another way. */
type Launch = (no: number, orders: string) => Promise<boolean>

const LISTEN_MS_MAX = 10_000
const POLL_MS = 10

/** Undefined where keepers are no units: without a supervisor, under a unit that is not ours, or where we may not start units. */
export function keeperUnitLauncher({ env, supervisor, runDir, logger }: KeeperUnitOptions): Launch | undefined {
  const template = env[KEEPER_UNIT_VARIABLE]
  if (supervisor.kind !== 'systemd' || !supervisor.isOurs || !template) return undefined
  const { scope } = supervisor
  return async (no, orders) => {
    const file = join(runDir, `k${no}.orders`)
    leaveOnceFile(file, orders)
    const unit = `${template}@${no}.service`
    const reason = await startUnit(unit, { env, scope })
    if (reason === undefined) {
      await untilListening(join(runDir, `k${no}.sock`), unit)
      return true
    }
    // Once the keeper has its orders it is the keeper, whatever systemctl says.
    if (!takeBackOnceFile(file)) throw new HoldfastError('KEEPER_UNAVAILABLE', { reason: `${unit}: ${reason}` })
    logger.warn({ unit, reason }, 'the keeper is no unit of its own; it ends with the unit of this gateway')
    return false
  }
}

async function startUnit(unit: string, options: Parameters<typeof runSystemctl>[0]): Promise<string | undefined> {
  try {
    const { exit, stderr } = await runSystemctl(options, ['start', unit])
    return exit.code === 0 ? undefined : stderr.trim() || `systemctl ended with ${exit.code ?? exit.signal}`
  } catch (error) {
    return error instanceof Error ? error.message : 'unknown'
  }
}

/** KEEPER_UNAVAILABLE when nobody listens in time. */
async function untilListening(socket: string, unit: string): Promise<void> {
  const untilMs = performance.now() + LISTEN_MS_MAX
  while (!(existsSync(socket) && (await isAnswered(socket)))) {
    if (performance.now() > untilMs)
      throw new HoldfastError('KEEPER_UNAVAILABLE', { reason: `${unit} does not listen` })
    await pause(POLL_MS)
  }
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path })
    const settle = (answer: boolean): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => settle(true)).once('error', () => settle(false))
  })
}
