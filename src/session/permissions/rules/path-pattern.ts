// Path patterns of rules: `*` and `?` within one segment, `**` for any number of segments. No other character is special.
// Matching takes at most (segments of the pattern) x (segments of the path) steps, whatever the pattern.

import { folded, segmentsOf } from './named-path.ts'

export type PathPattern = readonly string[]

/** Why `text` cannot be the pattern of a rule; undefined when it can. A pattern of an allow rule is below the working directory. */
export function pathPatternProblem(text: string, isAllow: boolean): string | undefined {
  if (text === '' || text.trim() !== text) return 'it is empty, or begins or ends with a space'
  if (/\p{C}/u.test(text) || text.includes('\\')) return 'it has a backslash or a character that cannot be seen'
  if (text.normalize('NFKC') !== text) return 'it has characters with two spellings'
  if (text.startsWith('~') || segmentsOf(text).includes('..')) return 'it has ~ or ..'
  if (isAllow && text.startsWith('/')) return 'an allow rule is for paths below the working directory: make it relative'
  if (segmentsOf(text).some((segment) => segment.includes('**') && segment !== '**'))
    return '** is a segment of its own'
  return segmentsOf(text).length === 0 ? 'it names nothing' : undefined
}

/** For allow rules. A wildcard stands for no name that begins with a dot: those hold hooks, settings and secrets. */
export function matchesInside(pattern: string, segments: readonly string[]): boolean {
  return matchesAll(segmentsOf(pattern), segments, { dots: false })
}

/** For rules that refuse or ask: `place` is absolute and folded, a relative pattern is below `cwd`, wildcards stand for all. */
export function matchesPlace(pattern: string, place: string, cwd: string): boolean {
  const from = pattern.startsWith('/') ? pattern : `${cwd}/${pattern}`
  return matchesAll(segmentsOf(folded(from)), segmentsOf(place), { dots: true })
}

interface Wildcards {
  /** Whether they stand for names that begin with a dot. */
  readonly dots: boolean
}

/** Which of the first n segments the pattern so far can be: one row for each segment of the pattern. */
function matchesAll(pattern: PathPattern, segments: readonly string[], wildcards: Wildcards): boolean {
  let reached = segments.map(() => false)
  reached.unshift(true)
  for (const part of pattern) {
    const next = reached.map(() => false)
    if (part === '**') {
      for (let n = 0; n < reached.length; n++) {
        const isPassed = n > 0 && next[n - 1] === true && mayBe(segments[n - 1]!, wildcards)
        next[n] = reached[n] === true || isPassed
      }
    } else {
      for (let n = 1; n < reached.length; n++)
        next[n] = reached[n - 1] === true && isSegment(part, segments[n - 1]!, wildcards)
    }
    reached = next
  }
  return reached.at(-1) === true
}

function isSegment(part: string, segment: string, wildcards: Wildcards): boolean {
  const first = part.charAt(0)
  if ((first === '*' || first === '?') && !mayBe(segment, wildcards)) return false
  return matchesText(part, segment)
}

function mayBe(segment: string, { dots }: Wildcards): boolean {
  return dots || !segment.startsWith('.')
}

/** `*` any characters, `?` one; all others literally. Goes back to the last `*` only, so it is never worse than n x m. */
export function matchesText(part: string, text: string): boolean {
  let p = 0
  let star = -1
  let mark = 0
  for (let t = 0; t < text.length;) {
    const wanted = part[p]
    if (wanted === '*') {
      star = p++
      mark = t
    } else if (wanted === '?' || wanted === text[t]) {
      p++
      t++
    } else if (star >= 0) {
      p = star + 1
      t = ++mark
    } else return false
  }
  while (part[p] === '*') p++
  return p === part.length
}
