// `holdfast restart`: asks the gateway to restart, says which way it goes, and waits until the next life is ready (bounded).

import { pause } from '../../base/deadline.ts'
import { HoldfastError } from '../../base/errors.ts'
import { loadConfig } from '../../config/load.ts'
import { pathsOf } from '../../config/paths.ts'
import type { GatewayRestarting, StatusView } from '../../wire/gateway.ts'
import type { CommandContext } from '../context.ts'
import { codeOf } from '../error-code.ts'
import { EXIT } from '../exit-codes.ts'
import { isListening, openGateway } from '../gateway.ts'

export interface RestartOptions {
  /** Seconds. */
  readonly wait: number
  readonly reason?: string
}

/** What was asked of whom. */
interface Asked {
  readonly pid: number
  /** Undefined: asked by signal, so it is not known. */
  readonly answer: GatewayRestarting | undefined
  /** Whether a life is one that came after the request. */
  isNext(status: StatusView): boolean
}

const DEFAULT_REASON = 'holdfast restart'
/** A gateway that answers at all answers this at once. */
const ANSWER_MS = 5_000
/** To prepare the next life; the gateway has bounds of its own below this. */
const PREPARE_MS = 30_000
const POLL_MS = 25
/** A gateway that is gone and that nobody follows for so long will not come back by itself. */
const GONE_MS = 3_000

/** CONFIG_INVALID before anything is asked: a configuration that cannot be read must not cost the gateway that runs. */
export async function restart(context: CommandContext, options: RestartOptions): Promise<number> {
  const { screen } = context
  const asked = await ask(context, options.reason ?? DEFAULT_REASON)
  if (!screen.json) screen.note(asked.answer === undefined ? signalText(asked.pid) : wayText(asked.answer))
  const next = await untilNext(context, asked, options.wait * 1000)
  const { pid, epoch, version, agents_live: agents } = next
  if (screen.json) {
    const { outcome = 'accepted', way = asked.pid === pid ? 'in-process' : null } = asked.answer ?? {}
    screen.record({ stopped: asked.pid, pid, epoch, version, agents, outcome, way })
  } else screen.print(`${restartedText(asked.pid, next)}\n`)
  return EXIT.done
}

async function ask(context: CommandContext, reason: string): Promise<Asked> {
  const { deps } = context
  const askedAt = Date.now()
  try {
    using gateway = await openGateway({ ...context, mayStart: false })
    loadConfig({ env: deps.env, paths: pathsOf(deps.env) })
    await gateway.client.status({ timeoutMs: ANSWER_MS })
    const answer = await gateway.client.restartGateway({ reason: reason.slice(0, 200) }, { timeoutMs: PREPARE_MS })
    return { pid: answer.pid, answer, isNext: ({ epoch }) => epoch > answer.epoch }
  } catch (error) {
    const code = codeOf(error)
    const pid =
      code === 'GATEWAY_UNREACHABLE' || code === 'DEADLINE' ? await deps.signalRestart(reason.slice(0, 200)) : undefined
    if (pid === undefined) throw error
    return { pid, answer: undefined, isNext: ({ started_at: at }) => Date.parse(at) >= askedAt }
  }
}

/** The status of the next life. DEADLINE after `waitMs`; whatever is under way goes on. */
async function untilNext(context: CommandContext, asked: Asked, waitMs: number): Promise<StatusView> {
  const untilMs = performance.now() + waitMs
  let goneSince: number | undefined
  while (performance.now() < untilMs) {
    const status = await readStatus(context)
    if (status?.state === 'ready' && asked.isNext(status)) return status
    const isGone = status === undefined && !context.deps.isProcessAlive(asked.pid)
    goneSince = isGone ? (goneSince ?? performance.now()) : undefined
    // Nobody came to follow it: what the restart promised is done from here.
    const mayStart = goneSince !== undefined && performance.now() - goneSince > GONE_MS
    if (mayStart && asked.answer?.way !== 'supervised') (await openGateway({ ...context, mayStart }))[Symbol.dispose]()
    await pause(POLL_MS)
  }
  throw new HoldfastError('DEADLINE', { stage: 'restarting the gateway', ms: waitMs })
}

/** Undefined while nobody answers. */
async function readStatus(context: CommandContext): Promise<StatusView | undefined> {
  try {
    if (!(await isListening(pathsOf(context.deps.env).socket))) return undefined
    using gateway = await openGateway({ ...context, mayStart: false })
    return await gateway.client.status({ timeoutMs: ANSWER_MS })
  } catch (error) {
    if (codeOf(error) === 'GATEWAY_UNREACHABLE' || codeOf(error) === 'DEADLINE') return undefined
    throw error
  }
}

const WAY_TEXT: Readonly<Record<GatewayRestarting['way'], string>> = {
  supervised: 'it ends, and its supervisor starts the next one',
  successor: 'another process takes over',
  'in-process': 'it goes on in the same process',
}

function wayText({ outcome, way, pid }: GatewayRestarting): string {
  const begun =
    outcome === 'accepted' ? `the gateway (pid ${pid}) restarts` : `the gateway (pid ${pid}) restarts already`
  return `${begun}: ${WAY_TEXT[way]}`
}

function signalText(pid: number): string {
  return `the gateway (pid ${pid}) does not answer; it was asked to restart by a signal`
}

function restartedText(earlier: number, { pid, version, agents_live: agents }: StatusView): string {
  const who = pid === earlier ? `gateway ${pid}, the same process` : `gateway ${pid} instead of ${earlier}`
  return `restarted: ${who}, version ${version}, ${agents} ${agents === 1 ? 'agent goes' : 'agents go'} on`
}
