// The known name that a misspelt one most likely meant.

/** Undefined when nothing is near enough to be helpful. */
export function suggestionFor(name: string, known: Iterable<string>): string | undefined {
  let best: { name: string; distance: number } | undefined
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (best === undefined || distance < best.distance) best = { name: candidate, distance }
  }
  if (best === undefined || best.distance > Math.max(2, Math.floor(best.name.length / 3))) return undefined
  return best.name
}

const NAME_CHARS_MAX = 100

/** Levenshtein distance of two names; long ones are cut. */
function editDistance(left: string, right: string): number {
  const a = left.slice(0, NAME_CHARS_MAX)
  const b = right.slice(0, NAME_CHARS_MAX)
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
