// Reads a prompt and says what the demo agent will do: talk, count, or write one file. Fixed rules, no model.

export type Intent =
  | { readonly kind: 'talk' }
  | { readonly kind: 'count'; readonly to: number }
  | { readonly kind: 'write'; readonly file: string }

const COUNT_MAX = 1_000
const WRITE_VERBS = /\b(write|create|edit|add|change|update)\b/i
const FILE_NAME = /(?:^|[\s"'`(])((?:[\w.-]+\/|\.{1,2}\/|\/)*[\w-][\w.-]*\.[a-z]\w{0,9})(?=$|[\s"'`),.;:!?])/i

/** "write a hello file", "edit notes.txt", "count to 20"; anything else is talk. */
export function intentOf(text: string): Intent {
  const count = /\bcount to (\d{1,6})\b/i.exec(text)
  if (count) return { kind: 'count', to: Math.min(Number(count[1]), COUNT_MAX) }
  if (!WRITE_VERBS.test(text)) return { kind: 'talk' }
  const file = FILE_NAME.exec(text)?.[1]
  if (file !== undefined) return { kind: 'write', file }
  return /\bfile\b/i.test(text) ? { kind: 'write', file: 'HELLO.md' } : { kind: 'talk' }
}

/** The new content of the file: a greeting, or what was there and one more line. */
export function contentFor(before: string | undefined): string {
  if (before === undefined) {
    return '# Hello\n\nThe demo agent of Holdfast wrote this file, after you allowed it.\n'
  }
  const gap = before === '' || before.endsWith('\n') ? '' : '\n'
  return `${before}${gap}The demo agent of Holdfast added this line.\n`
}

export const INTRODUCTION =
  'I am the demo agent that comes with Holdfast. I am not a real model: my answers are fixed, and nothing leaves this machine.'

export const HINT =
  'Try "write a hello file" to see a permission request, or "count to 50" and cancel me in the middle. Configure a real agent when you are ready.'
