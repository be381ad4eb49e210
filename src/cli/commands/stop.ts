// `holdfast stop`: asks the gateway to drain and end, and waits until it is gone (bounded).

import { pause } from '../../base/deadline.ts'
import { HoldfastError } from '../../base/errors.ts'
import type { CommandContext } from '../context.ts'
import { codeOf } from '../error-code.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'
import type { Gateway } from '../gateway.ts'

export interface StopOptions {
  /** Seconds. */
  readonly wait: number
  readonly now?: boolean
  readonly keepAgents?: boolean
}

const POLL_MS = 50

export async function stop(context: CommandContext, options: StopOptions): Promise<number> {
  const { screen } = context
  using gateway = await openGateway({ ...context, mayStart: false })
  const { now = false, keepAgents = false } = options
  const { pid } = await gateway.client.stopGateway({ ...(now && { now }), ...(keepAgents && { keep_agents: true }) })
  if (!screen.json)
    screen.note(`the gateway (pid ${pid}) ${keepAgents ? 'leaves its agents to the next one' : 'is draining'}`)
  await untilGone(gateway, { waitMs: options.wait * 1000, isAlive: () => context.deps.isProcessAlive(pid) })
  if (screen.json) screen.record({ pid, stopped: true })
  else screen.print(`stopped gateway ${pid}\n`)
  return EXIT.done
}

interface GoneOptions {
  readonly waitMs: number
  isAlive(): boolean
}

/** Resolves when nobody answers any more and the process is gone. DEADLINE after `waitMs`; the gateway goes on draining. */
export async function untilGone({ client }: Gateway, { waitMs, isAlive }: GoneOptions): Promise<void> {
  const untilMs = performance.now() + waitMs
  while (performance.now() < untilMs) {
    if ((await isGone(client)) && !isAlive()) return
    await pause(POLL_MS)
  }
  throw new HoldfastError('DEADLINE', { stage: 'stopping the gateway', ms: waitMs })
}

async function isGone(client: Gateway['client']): Promise<boolean> {
  try {
    await client.status({ timeoutMs: 2_000 })
    return false
  } catch (error) {
    return codeOf(error) === 'GATEWAY_UNREACHABLE'
  }
}
