// Spawn under a lease: intent on disk, tagged and marked child, then its birth on record. No agent is started in another way.

import { stat } from 'node:fs/promises'

import { CancelledError, HoldfastError, isHoldfastError } from '../base/errors.ts'
import type { SessionId } from '../base/ids.ts'
import { tagEpochOf, type ProcessLeases } from '../lease/process-leases.ts'
import { resolveCommand } from './resolve-command.ts'
import { spawnChild, type Child } from './spawn.ts'
import { tagCommand, type Tagging } from './tag.ts'
import { encodeMarker, MARKER_NAME, type Ownership } from './tag-value.ts'

export interface LeasedSpawnDeps {
  readonly leases: ProcessLeases
  readonly keeperNo: number
  readonly tagging: Tagging
  readonly bootId: string
  /** Markers of the gateways in whose trees this one runs, outermost first; usually empty. */
  readonly outerMarkers: readonly Ownership[]
}

export interface LeasedSpawnSpec {
  readonly sessionId: SessionId | undefined
  readonly generation: number
  readonly agent: string
  readonly argv: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
}

export interface LeasedChild {
  readonly child: Child
  readonly leaseId: number
  /** What every process of the tree carries as tag and marker. */
  readonly owner: Ownership
  /** Settles when the lease names the process, or could not be completed. Later steps of the lease come after it. */
  readonly recorded: Promise<void>
}

export interface SpawnOwner<T> {
  readonly own: (child: LeasedChild) => T
  readonly disown: (owned: T) => Promise<unknown>
  readonly signal?: AbortSignal | undefined
}

/**
 * Resolves when the process runs and its lease says so. `own` is called in the same turn of the loop as the start, before
 * the child can end unseen; what it returns is the result. Rejects with AGENT_COMMAND_MISSING, AGENT_COMMAND_UNUSABLE or
 * SPAWN_FAILED, without a process, or CANCELLED when `signal` aborted before the start. When the lease cannot be
 * completed the child has been handed to `own` already: `disown` gets it back and must end it.
 */
export async function spawnUnderLease<T>(
  deps: LeasedSpawnDeps,
  spec: LeasedSpawnSpec,
  { own, disown, signal }: SpawnOwner<T>,
): Promise<T> {
  const { leases, keeperNo, tagging, bootId } = deps
  const command = await checkCommand(spec)
  if (signal?.aborted) throw new CancelledError('spawn')
  const tag = tagging.kind === 'marker' ? '' : tagging.hard
  const { sessionId, generation, agent, argv } = spec
  const lease = await recordIntent(spec, leases.intend({ keeperNo, sessionId, generation, agent, argv, bootId, tag }))
  const owner: Ownership = { instance: leases.instance, lease: lease.id, epoch: tagEpochOf(keeperNo) }
  const child = await startChild(deps, spec, { command, owner, signal })
  const recorded = leases.running(lease.id, { pid: child.pid, startTicks: child.birth?.startTicks })
  const owned = own({ child, leaseId: lease.id, owner, recorded })
  try {
    await recorded
  } catch (cause) {
    await disown(owned)
    throw spawnFailed(spec, 'its lease could not be completed', cause)
  }
  return owned
}

async function checkCommand({ agent, argv, env, cwd }: LeasedSpawnSpec): Promise<string> {
  const found = await stat(cwd).catch(() => undefined)
  if (!found?.isDirectory()) throw new HoldfastError('SPAWN_FAILED', { agent, reason: `there is no directory ${cwd}` })
  return resolveCommand({ agent, command: argv[0], path: env['PATH'], cwd })
}

async function recordIntent<T>(spec: LeasedSpawnSpec, intent: Promise<T>): Promise<T> {
  try {
    return await intent
  } catch (cause) {
    throw spawnFailed(spec, 'its lease could not be stored', cause)
  }
}

async function startChild(
  { leases, tagging, outerMarkers }: LeasedSpawnDeps,
  spec: LeasedSpawnSpec,
  start: { command: string; owner: Ownership; signal: AbortSignal | undefined },
): Promise<Child> {
  const { command, owner, signal } = start
  const markers = [...outerMarkers, owner].map(encodeMarker).join(':')
  try {
    if (signal?.aborted) throw new CancelledError('spawn')
    const argv = tagCommand(tagging, owner.lease, [command, ...spec.argv.slice(1)])
    return await spawnChild({ argv, cwd: spec.cwd, env: { ...spec.env, [MARKER_NAME]: markers } })
  } catch (cause) {
    // Nothing was started; if this cannot be stored either, the next start finds the intent and no process.
    await leases.closed(owner.lease, 'not started').catch(() => undefined)
    if (isHoldfastError(cause)) throw cause
    throw spawnFailed(spec, (cause as NodeJS.ErrnoException).code ?? 'unknown', cause)
  }
}

function spawnFailed({ agent }: LeasedSpawnSpec, reason: string, cause: unknown): HoldfastError {
  return new HoldfastError('SPAWN_FAILED', { agent, reason }, { cause })
}
