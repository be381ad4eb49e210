// A bounded wait for a condition, for supports that also run outside a test runner.

export interface UntilOptions {
  readonly ms: number
  /** Says what was waited for; asked only when the time is over. */
  readonly what: () => string
  readonly intervalMs?: number
}

/** Resolves when `holds` gives true, looked at every `intervalMs` (20); rejects after `ms`, or with what `holds` throws. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  { ms, what, intervalMs = 20 }: UntilOptions,
): Promise<void> {
  const endAt = performance.now() + ms
  while (!(await holds())) {
    if (performance.now() > endAt) throw new Error(`not within ${ms} ms: ${what()}`)
    await new Promise((resolve) => setTimeout(resolve, intervalMs))
  }
}
