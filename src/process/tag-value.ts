// The numbers and words that mark a process tree as ours: the rlimit tag (reliability: hard = magic | instance | epoch,
// soft = lease) and the environment marker. Pure; knows nothing of how they are applied.

export const MARKER_NAME = 'HOLDFAST_LEASE'

/** What a tag or a marker says: which gateway life, and which lease. */
export interface Ownership {
  /** 24-bit number of the database. */
  readonly instance: number
  readonly lease: number
  /** Epoch of the node that spawned it, modulo 2^24. */
  readonly epoch: number
}

// 12 bits of magic: 8 fixed, then 15 - depth. A gateway that runs inside the tree of another one takes the next lower
// value, because an ordinary user can lower a hard limit but not raise it.
const MAGIC = 0xa7n
const DEPTH_MAX = 15
const MASK_24 = 0xff_ffffn
const INSTANCE_EPOCH_MASK = (1n << 24n) - 1n

/** The hard limit for `instance` and `epoch`, as decimal text; `depth` 0 is a gateway that no other one contains. */
export function encodeHardLimit(instance: number, epoch: number, depth = 0): string {
  const magic = (MAGIC << 4n) | BigInt(DEPTH_MAX - depth)
  const value = (magic << 48n) | ((BigInt(instance) & MASK_24) << 24n) | (BigInt(epoch) & INSTANCE_EPOCH_MASK)
  return value.toString()
}

/** The deepest hard limit that is lower than `inherited` (decimal; undefined = unlimited), or undefined when there is none. */
export function hardLimitBelow(inherited: string | undefined, instance: number, epoch: number): string | undefined {
  for (let depth = 0; depth <= DEPTH_MAX; depth++) {
    const value = encodeHardLimit(instance, epoch, depth)
    if (inherited === undefined || BigInt(value) < BigInt(inherited)) return value
  }
  return undefined
}

/** Undefined when the limits are not a tag of ours. */
export function parseTag(soft: string, hard: string): Ownership | undefined {
  const value = BigInt(hard)
  if (value >> 52n !== MAGIC) return undefined
  const lease = Number(soft)
  return { instance: Number((value >> 24n) & MASK_24), lease, epoch: Number(value & INSTANCE_EPOCH_MASK) }
}

/** `<instance>.<lease>.<epoch>`. */
export function encodeMarker({ instance, lease, epoch }: Ownership): string {
  return `${instance}.${lease}.${Number(BigInt(epoch) & INSTANCE_EPOCH_MASK)}`
}

/** A marker variable may name several owners, outermost first: gateways inside the trees of other gateways. */
export function parseMarkers(value: string): Ownership[] {
  const owners: Ownership[] = []
  for (const part of value.split(':')) {
    const match = /^(\d{1,8})\.(\d{1,15})\.(\d{1,8})$/.exec(part)
    if (match) owners.push({ instance: Number(match[1]), lease: Number(match[2]), epoch: Number(match[3]) })
  }
  return owners
}
