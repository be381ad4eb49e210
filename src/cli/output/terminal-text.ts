// Text from agents, made safe for a terminal: nothing in it can move the cursor, recolour, answer back, or reorder what is read.
// Owns which characters pass; everything that is printed and was not written by us goes through here (reliability.md 7.1).

// C0 without tab and newline, DEL, C1; bidi marks, embeddings, overrides and isolates; line separators; invisible tag
// characters; the byte order mark and other invisible format characters that hide text; lone surrogates (with the u flag).
const UNSAFE =
  // oxlint-disable-next-line no-control-regex -- to find them is what it is for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\ud800-\udfff]/gu

/** Keeps newlines and tabs; shows every unsafe character instead of sending it. CRLF becomes LF. */
export function terminalText(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(UNSAFE, show)
}

/** One line for titles, names and paths: newlines and tabs become spaces; cut to `widthMax` characters with an ellipsis. */
export function terminalLine(text: string, widthMax = 1000): string {
  // Cut first: a title of megabytes costs nothing. Twice the width leaves room for surrogate pairs.
  const head = text.slice(0, widthMax * 2)
  const line = terminalText(head)
    .replace(/[\n\t ]+/g, ' ')
    .trim()
  const characters = Array.from(line)
  if (characters.length <= widthMax && head.length === text.length) return line
  return `${characters.slice(0, widthMax - 1).join('')}…`
}

/** One NDJSON line. What JSON leaves unescaped but a terminal may act on is escaped, so nothing is lost and nothing is run. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value).replace(UNSAFE, escapeUnits)}\n`
}

function show(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  if (code === 0x7f) return '\u2421'
  if (code >= 0xd800 && code <= 0xdfff) return '\ufffd'
  return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`
}

function escapeUnits(character: string): string {
  let escaped = ''
  for (let i = 0; i < character.length; i++) escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`
  return escaped
}
