// Spawn of one leased process: behind its rlimit tag, with its marker in the environment. No agent is started in another way.
// The lease row is on disk before this is called; see docs/process-lifecycle.md.

import { HoldfastError } from '../base/errors.ts'
import { spawnChild, type Child } from './spawn.ts'
import { tagCommand, type Tagging } from './tag.ts'
import { encodeMarker, MARKER_NAME, type Ownership } from './tag-value.ts'

export interface TaggedSpawnDeps {
  readonly tagging: Tagging
  /** Markers of the gateways in whose trees this one runs, outermost first; usually empty. */
  readonly outerMarkers: readonly Ownership[]
}

export interface TaggedSpawnSpec {
  readonly agent: string
  /** argv[0] is an absolute path. */
  readonly argv: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
}

/** SPAWN_FAILED with the system's error code when nothing was started. */
export async function spawnTagged(
  { tagging, outerMarkers }: TaggedSpawnDeps,
  { agent, argv, env, cwd }: TaggedSpawnSpec,
  owner: Ownership,
): Promise<Child> {
  const markers = [...outerMarkers, owner].map(encodeMarker).join(':')
  try {
    const tagged = tagCommand(tagging, owner.lease, argv)
    return await spawnChild({ argv: tagged, cwd, env: { ...env, [MARKER_NAME]: markers } })
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? 'unknown'
    throw new HoldfastError('SPAWN_FAILED', { agent, reason }, { cause })
  }
}
