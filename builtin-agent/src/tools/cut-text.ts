// Keeps what goes to the model within a bound: the beginning and the end, and how much is left out.

export const TEXT_CHARS_MAX = 50_000

/** At most about `charsMax` characters; two thirds of what is kept are of the end when `keep` is `end`. */
export function cutText(text: string, { charsMax = TEXT_CHARS_MAX, keep = 'beginning' }: CutOptions = {}): string {
  if (text.length <= charsMax) return text
  const larger = Math.floor((charsMax * 2) / 3)
  const head = keep === 'beginning' ? larger : charsMax - larger
  const left = text.length - charsMax
  const cut = `${text.slice(0, head)}\n… ${left} characters left out …\n${text.slice(text.length - (charsMax - head))}`
  return cut.toWellFormed()
}

interface CutOptions {
  readonly charsMax?: number
  readonly keep?: 'beginning' | 'end'
}
