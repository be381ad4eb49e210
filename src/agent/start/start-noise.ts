// What an agent writes before it has answered `initialize` and is no message: how much it is, how it begins, and what it looks like
// . Owns the beginning of it, bounded. Banners are passed over; only a program that speaks something else writes so much.

import { decodeMessage } from '../../acp/decode-message.ts'
import { excerptOf } from '../../acp/excerpt.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Json } from '../../base/json.ts'

/** A package manager that builds something first writes some thousands. */
const LINES_MAX = 50_000
const CHARS_MAX = 8 * 1024 * 1024
/** What is kept to look at. */
const KEPT_LINES_MAX = 500
const KEPT_CHARS_MAX = 64 * 1024
/** How often a hint is tried to be proved. */
const TRIES_MAX = 64
const DEPTH_MAX = 1_000

export const HINTS = {
  severalLines: 'the agent writes JSON over several lines; ACP wants every message on one line',
  oneLine: 'the agent writes several JSON objects on one line; ACP wants every message on a line of its own',
} as const

/** What a start that failed says of it; nothing when there was none. */
export interface NoiseDetails {
  /** Lines that were no message. */
  readonly noiseLines?: number
  /** The first of them, at most 200 characters, without what looks like a credential. */
  readonly output?: string
  readonly hint?: string
}

export class StartNoise {
  readonly #kept: string[] = []
  #lines = 0
  #chars = 0

  take(line: string): void {
    if (decodeMessage(line, DEPTH_MAX).kind !== 'junk') return
    this.#lines++
    if (this.#lines <= KEPT_LINES_MAX && this.#chars + line.length <= KEPT_CHARS_MAX) this.#kept.push(line)
    this.#chars += line.length
  }

  /** Why no answer is waited for any more; undefined while it may still come. */
  get excess(): string | undefined {
    const wrote = 'before it answered initialize, it wrote more than'
    if (this.#lines > LINES_MAX) return `${wrote} ${LINES_MAX} lines that are no messages`
    return this.#chars > CHARS_MAX ? `${wrote} ${CHARS_MAX} characters that are no messages` : undefined
  }

  details(): NoiseDetails {
    const [first] = this.#kept
    if (this.#lines === 0) return {}
    const hint = hintOf(this.#kept)
    return {
      noiseLines: this.#lines,
      ...(first !== undefined && { output: excerptOf(first) }),
      ...(hint !== undefined && { hint }),
    }
  }
}

function hintOf(lines: readonly string[]): string | undefined {
  if (lines.some(holdsSeveral)) return HINTS.oneLine
  return spansSeveral(lines) ? HINTS.severalLines : undefined
}

/** A line that begins with a whole object, with another one right after it. */
function holdsSeveral(line: string): boolean {
  const ends = [...line.matchAll(/\}(?=\s*\{)/g)].slice(0, TRIES_MAX)
  return line.trimStart().startsWith('{') && ends.some(({ index }) => isObjectText(line.slice(0, index + 1)))
}

/** An object that begins on one line and ends on a later one. */
function spansSeveral(lines: readonly string[]): boolean {
  const from = lines.findIndex((line) => line.trimStart().startsWith('{'))
  if (from < 0) return false
  const ends = [...lines.entries()]
    .filter(([at, line]) => at > from && line.trimEnd().endsWith('}'))
    .slice(0, TRIES_MAX)
  return ends.some(([at]) => isObjectText(lines.slice(from, at + 1).join('\n')))
}

function isObjectText(text: string): boolean {
  try {
    return isJsonObject(JSON.parse(text) as Json)
  } catch {
    return false
  }
}
