// Questions of agents as people read them.

import type { FormField } from '../../base/form/fields.ts'
import type { ElicitationView } from '../../wire/elicitation.ts'
import type { Style } from '../output/style.ts'
import { table } from '../output/table.ts'
import { terminalLine } from '../output/terminal-text.ts'
import { age } from '../output/time.ts'

/** Longer than any URL that a gateway takes: it is shown whole, or not at all. */
const URL_WIDTH_MAX = 5_000

export function questionTable(questions: readonly ElicitationView[], style: Style, nowMs: number): string {
  const rows = questions.map((question) => [
    question.id,
    question.session_id,
    age(question.requested_at, nowMs),
    question.due_at,
    question.message,
  ])
  return table(['QUESTION', 'SESSION', 'AGE', 'DISMISSED AT', 'ASKS'], rows, style)
}

/** Who answered what, and when. */
export function questionHistory(questions: readonly ElicitationView[], style: Style): string {
  const rows = questions.map((question) => [
    question.id,
    question.session_id,
    question.requested_at,
    stateText(question),
    question.answered_by ?? '-',
    question.closed_at ?? '-',
    question.message,
  ])
  return table(['QUESTION', 'SESSION', 'ASKED', 'ANSWER', 'BY', 'CLOSED', 'ASKED FOR'], rows, style)
}

/** Such as `accepted (name, size)`, `declined`, `open`. */
export function stateText({ state, action, fields, completed_at: done }: ElicitationView): string {
  if (state === 'open') return done === null ? 'open' : 'open, done'
  if (state === 'timed_out') return 'timed out'
  if (state === 'void') return 'taken back'
  if (state === 'cancelled' || action === 'cancel') return 'dismissed'
  if (action === 'decline') return 'declined'
  const filled = fields === null || fields.length === 0 ? '' : ` (${fields.join(', ')})`
  return `accepted${filled}${done === null ? '' : ', done'}`
}

/** A URL in full, and where it leads: letters that only look like others are spelled out there. */
export function urlText(url: string): string {
  const { host = '?' } = URL.parse(url) ?? {}
  return `  ${terminalLine(url, URL_WIDTH_MAX)}\n  (leads to ${terminalLine(host)}; it is not opened for you)\n`
}

/** What is asked for in one field, in one line or one for each choice. */
export function fieldText(field: FormField): string {
  const { title, name, description, isRequired } = field
  const label = title === undefined || title === name ? name : `${title} [${name}]`
  const about = description === undefined ? '' : `: ${description}`
  const head = `${terminalLine(label, 200)}${terminalLine(about, 500)} (${kindText(field)}${isRequired ? ', required' : ''})`
  const choices = field.kind === 'choice' || field.kind === 'choices' ? field.choices : []
  const lines = choices.map(
    (choice, i) =>
      `    ${i + 1}) ${terminalLine(choice.title, 200)}${choice.description === undefined ? '' : `: ${terminalLine(choice.description, 300)}`}\n`,
  )
  return `  ${head}\n${lines.join('')}`
}

function kindText(field: FormField): string {
  switch (field.kind) {
    case 'text':
      return [
        field.format === undefined ? 'text' : FORMATS[field.format],
        between(field.minLength, field.maxLength, 'characters'),
        field.pattern === undefined ? '' : `like ${terminalLine(field.pattern, 100)}`,
      ]
        .filter((part) => part !== '')
        .join(', ')
    case 'choice':
      return 'one of these'
    case 'choices':
      return ['any of these, separated by commas', between(field.minItems, field.maxItems, 'of them')]
        .filter((part) => part !== '')
        .join(', ')
    case 'number':
      return `number${bounds(field)}`
    case 'integer':
      return `whole number${bounds(field)}`
    case 'boolean':
      return 'yes or no'
    default:
      return field satisfies never
  }
}

const FORMATS = {
  email: 'email address',
  uri: 'URL',
  date: 'date, such as 2026-01-31',
  'date-time': 'time, such as 2026-01-31T12:00:00Z',
} as const

function bounds({ minimum, maximum }: { minimum: number | undefined; maximum: number | undefined }): string {
  const text = between(minimum, maximum, '')
  return text === '' ? '' : `, ${text}`
}

function between(min: number | undefined, max: number | undefined, of: string): string {
  if (min === undefined && max === undefined) return ''
  const range = max === undefined ? `at least ${min}` : min === undefined ? `at most ${max}` : `${min} to ${max}`
  return `${range} ${of}`.trim()
}
