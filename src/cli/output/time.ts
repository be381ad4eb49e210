// Times as people read them: how long ago, how long it takes.

/** `12s`, `5m`, `3h`, `2d` since `at` (RFC 3339); `-` when there is none. */
export function age(at: string | null | undefined, nowMs: number): string {
  if (at === null || at === undefined) return '-'
  return span(Math.max(0, nowMs - Date.parse(at)))
}

/** The same up to `at`; `0s` when that is over. */
export function until(at: string, nowMs: number): string {
  return span(Math.max(0, Date.parse(at) - nowMs))
}

/** A duration in its largest whole unit. */
export function span(ms: number): string {
  if (!Number.isFinite(ms)) return '-'
  if (ms < 60_000) return `${Math.floor(ms / 1000)}s`
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)}m`
  if (ms < 86_400_000) return `${Math.floor(ms / 3_600_000)}h`
  return `${Math.floor(ms / 86_400_000)}d`
}
