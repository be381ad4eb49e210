// Members of an object in JSON text, as they are written there: for what must be passed on exactly, numbers and escapes included.
// For texts that JSON.parse takes; of any other the result means nothing, but it ends.

/** Each with the text of its value, without the spaces between tokens, in the order of the text; names as JSON.parse gives them. */
export function membersOf(text: string): [name: string, value: string][] {
  const members: [string, string][] = []
  let at = skipSpace(text, text.indexOf('{') + 1)
  while (text[at] === '"') {
    const nameEnd = endOfText(text, at)
    const from = skipSpace(text, text.indexOf(':', nameEnd) + 1)
    const to = endOfValue(text, from)
    members.push([JSON.parse(text.slice(at, nameEnd)) as string, compact(text.slice(from, to))])
    at = skipSpace(text, skipSpace(text, to) + 1)
  }
  return members
}

/** Of two members with one name the last one, which is the one that JSON.parse takes. */
export function memberText(text: string, ...path: readonly string[]): string | undefined {
  let found: string | undefined = text
  for (const name of path) {
    if (found === undefined || !found.trimStart().startsWith('{')) return undefined
    found = membersOf(found).findLast(([own]) => own === name)?.[1]
  }
  return found
}

/** `members` as the text of an object. */
export function objectText(members: readonly (readonly [name: string, value: string])[]): string {
  return `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`
}

function compact(value: string): string {
  if (!/\s/.test(value)) return value
  return value.replaceAll(/("[^"\\]*(?:\\.[^"\\]*)*")|\s+/g, '$1')
}

function endOfValue(text: string, from: number): number {
  const first = text[from]
  if (first === '"') return endOfText(text, from)
  if (first !== '{' && first !== '[') return endOfWord(text, from)
  let depth = 0
  for (let at = from; at < text.length; at++) {
    const unit = text[at]
    if (unit === '"') at = endOfText(text, at) - 1
    else if (unit === '{' || unit === '[') depth++
    else if (unit === '}' || unit === ']') depth--
    if (depth === 0) return at + 1
  }
  return text.length
}

/** After the closing quote of the text that begins at `from`. */
function endOfText(text: string, from: number): number {
  for (let end = text.indexOf('"', from + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let escapes = 0
    while (text[end - 1 - escapes] === '\\') escapes++
    if (escapes % 2 === 0) return end + 1
  }
  return text.length
}

function endOfWord(text: string, from: number): number {
  let at = from
  while (at < text.length && !/[\s,}\]]/.test(text[at]!)) at++
  return at
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && /\s/.test(text[at]!)) at++
  return at
}
