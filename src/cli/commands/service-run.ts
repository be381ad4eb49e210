// `holdfast service start`, `stop` and `restart`: the service manager does it, and we wait until it is done.

import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { HoldfastError } from '../../base/errors.ts'
import { codeOf } from '../error-code.ts'
import { openGateway } from '../gateway.ts'
import type { ServicePort } from '../service-port.ts'

export interface ServiceOptions {
  readonly system?: boolean
}

export async function serviceStart(context: CommandContext, options: ServiceOptions): Promise<number> {
  const control = await open(context, options)
  await assertNoOther(context, control, options)
  await control.start()
  return say(context, control, 'started')
}

export async function serviceStop(context: CommandContext, options: ServiceOptions): Promise<number> {
  const control = await open(context, options)
  const { pid } = await control.state()
  if (pid !== undefined) context.screen.note(`the gateway (pid ${pid}) is draining`)
  await control.stop()
  return say(context, control, 'stopped')
}

export async function serviceRestart(context: CommandContext, options: ServiceOptions): Promise<number> {
  const control = await open(context, options)
  await assertNoOther(context, control, options)
  await control.restart()
  return say(context, control, 'restarted')
}

async function open({ deps }: CommandContext, { system = false }: ServiceOptions): Promise<ServicePort> {
  const { control } = await deps.openService({ isSystem: system, hasSocket: undefined })
  return control
}

/** A gateway that somebody started by hand holds the lock: the service would give up at once. INSTANCE_LOCKED names it. */
async function assertNoOther(
  context: CommandContext,
  control: ServicePort,
  { system = false }: ServiceOptions,
): Promise<void> {
  if (system) return
  const isOthers = async (): Promise<boolean> => {
    const { isInstalled, pid, activity } = await control.state()
    return isInstalled && pid === undefined && !activity.startsWith('active')
  }
  if (!(await isOthers())) return
  const other = await otherGateway(context)
  // The service itself may have been between two lives.
  if (other !== undefined && (await isOthers())) throw new HoldfastError('INSTANCE_LOCKED', other)
}

async function otherGateway(context: CommandContext): Promise<Record<string, unknown> | undefined> {
  try {
    using gateway = await openGateway({ ...context, mayStart: false })
    const status = await gateway.client.status({ timeoutMs: 2_000 })
    return { pid: status.pid, version: status.version, stateDir: status.state_dir, since: status.started_at }
  } catch (error) {
    if (codeOf(error) === undefined) throw error
    return undefined
  }
}

async function say({ screen }: CommandContext, control: ServicePort, done: string): Promise<number> {
  const { name, activity, pid } = await control.state()
  if (screen.json) screen.record({ service: name, activity, pid: pid ?? null })
  else screen.print(`${done} ${name}: ${activity}${pid === undefined ? '' : `, pid ${pid}`}\n`)
  return EXIT.done
}
