// JSON with comments and trailing commas. Comments become spaces, so that positions in messages stay those of the file.

import type { Json } from '../base/json.ts'

/** Parses JSONC. Throws SyntaxError with line and column of the text as it was given. */
export function parseJsonc(text: string): Json {
  return JSON.parse(blankTrailingCommas(blankComments(text.startsWith('\uFEFF') ? ` ${text.slice(1)}` : text))) as Json
}

const STRING_OR_COMMENT = /"(?:[^"\\\n]|\\.)*"?|\/\/[^\r\n]*|\/\*[\s\S]*?(?:\*\/|$)/g

function blankComments(text: string): string {
  return text.replace(STRING_OR_COMMENT, (match: string, offset: number) => {
    if (match.startsWith('"')) return match
    if (match.startsWith('/*') && (match.length < 4 || !match.endsWith('*/'))) throw unclosed(text, offset)
    return match.replace(/[^\r\n]/g, ' ')
  })
}

const STRING_OR_TRAILING_COMMA = /"(?:[^"\\\n]|\\.)*"?|,(?=\s*[\]}])/g

/** A comma right before a closing bracket is blanked, when a value is before it; `[,]` stays an error. */
function blankTrailingCommas(text: string): string {
  return text.replace(STRING_OR_TRAILING_COMMA, (match: string, offset: number) => {
    if (match !== ',') return match
    return /[[{,:]\s*$/.test(text.slice(0, offset)) ? ',' : ' '
  })
}

function unclosed(text: string, offset: number): SyntaxError {
  const before = text.slice(0, offset).split('\n')
  return new SyntaxError(`comment without an end (line ${before.length} column ${(before.at(-1) ?? '').length + 1})`)
}
