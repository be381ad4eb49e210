// Text that goes over several lines of a terminal. Widths are in characters.

/** `text` broken at spaces so that lines end at `width`; the first line begins at column `indent`, where the others are indented to. */
export function wrapped(text: string, width: number, indent: number): string {
  const room = Math.max(width - indent, 1)
  const lines = ['']
  for (const word of text.split(' ').flatMap((each) => piecesOf(each, room))) {
    const last = lines.at(-1) ?? ''
    if (last === '') lines[lines.length - 1] = word
    else if (last.length + 1 + word.length <= room) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines.join(`\n${' '.repeat(indent)}`)
}

/** A word that no line has room for is cut. */
function piecesOf(word: string, room: number): string[] {
  return word.match(new RegExp(`.{1,${room}}`, 'gsu')) ?? []
}
