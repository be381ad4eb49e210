// What a contender and the run that drives it say to each other, one JSON object a line.

/** Agents begin attempts; the gateway mostly writes notes beside them. */
export type Role = 'agent' | 'gateway'

export type Command =
  /** Attempts without end, until `rest`. */
  | { readonly do: 'run' }
  | { readonly do: 'rest' }
  /** Takes the lock in an attempt and never comes back. `isTorn`: half a line is in the file by then. */
  | { readonly do: 'hang'; readonly isTorn: boolean }
  /** Ends the attempt that hangs; its body hangs on. */
  | { readonly do: 'cleanup' }
  /** Lets that body go on and write. */
  | { readonly do: 'wake' }
  /** One attempt with one entry, as soon as the lock is free. */
  | { readonly do: 'want'; readonly waitMs: number }

/** Times are microseconds of the clock that all processes share. */
export type Report =
  | { readonly kind: 'ready' | 'resting' | 'waiting' }
  /** One hold with one write, over by now. */
  | { readonly kind: 'held'; readonly from: number; readonly to: number; readonly seq: number; readonly epoch: number }
  | { readonly kind: 'hanging'; readonly from: number }
  | { readonly kind: 'got'; readonly at: number }
  | { readonly kind: 'refused'; readonly code: string; readonly pid?: number; readonly liveness?: string }
  | { readonly kind: 'takenOver' }
  | { readonly kind: 'cleaned'; readonly from: number }
  /** What the write of the hung body came to: a code, or `written`. */
  | { readonly kind: 'woken'; readonly late: string }

export function sharedMicroseconds(): number {
  return Number(process.hrtime.bigint() / 1_000n)
}

/** What a contender writes: who it was. */
export interface Signed {
  readonly pid: number
}
