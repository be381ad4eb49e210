// What a person filled in, against the form that was asked for. The first thing that is wrong is named by its field.

import type { Json, JsonObject } from '../json.ts'
import type { Form, FormField, TextFormat } from './fields.ts'

export interface ContentProblem {
  readonly field: string
  /** Ends the sentence "field … ". Holds nothing of what was filled in. */
  readonly reason: string
}

/** Bytes of all values together, as JSON characters. */
export const CONTENT_LENGTH_MAX = 65_536

/** Undefined when the content is what the form asks for. A `pattern` is for the person and the agent: it is not run here. */
export function contentProblem(form: Form, content: JsonObject): ContentProblem | undefined {
  const isLong = JSON.stringify(content).length > CONTENT_LENGTH_MAX
  if (isLong) return { field: form.fields[0]?.name ?? '', reason: 'is too long together with the others' }
  const known = new Set(form.fields.map(({ name }) => name))
  const stray = Object.keys(content).find((name) => !known.has(name))
  if (stray !== undefined) return { field: stray, reason: 'is not asked for' }
  for (const field of form.fields) {
    const reason = Object.hasOwn(content, field.name)
      ? valueProblem(field, content[field.name] as Json)
      : field.isRequired
        ? 'is required'
        : undefined
    if (reason !== undefined) return { field: field.name, reason }
  }
  return undefined
}

/** Ends the sentence "field … ". */
export function valueProblem(field: FormField, value: Json): string | undefined {
  switch (field.kind) {
    case 'text':
      return typeof value === 'string' ? textProblem(field, value) : 'must be a text'
    case 'choice':
      return field.choices.some((choice) => choice.value === value) ? undefined : 'must be one of the choices'
    case 'choices':
      return choicesProblem(field, value)
    case 'number':
    case 'integer':
      return numberProblem(field, value)
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'must be true or false'
    default:
      return field satisfies never
  }
}

function textProblem(field: Extract<FormField, { kind: 'text' }>, value: string): string | undefined {
  const { minLength = 0, maxLength = Infinity, format } = field
  const { length } = Array.from(value)
  if (length < minLength) return `must have at least ${minLength} characters`
  if (length > maxLength) return `must have at most ${maxLength} characters`
  return format === undefined || isOfFormat(format, value) ? undefined : `must be ${FORMAT_NAMES[format]}`
}

const FORMAT_NAMES: Readonly<Record<TextFormat, string>> = {
  email: 'an email address',
  uri: 'an absolute URL',
  date: 'a date such as 2026-01-31',
  'date-time': 'a time such as 2026-01-31T12:00:00Z',
}

const DATE = /^\d{4}-\d{2}-\d{2}$/
const DATE_TIME = /^(\d{4}-\d{2}-\d{2})[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})$/

function isOfFormat(format: TextFormat, value: string): boolean {
  switch (format) {
    case 'email':
      return isAddress(value)
    case 'uri':
      return URL.canParse(value)
    case 'date':
      return DATE.test(value) && isDay(value)
    case 'date-time': {
      const [, day] = DATE_TIME.exec(value) ?? []
      return day !== undefined && isDay(day) && !Number.isNaN(Date.parse(value.replace(' ', 'T').toUpperCase()))
    }
    default:
      return format satisfies never
  }
}

function isAddress(value: string): boolean {
  const at = value.lastIndexOf('@')
  return at > 0 && at < value.length - 1 && !/\s/.test(value)
}

/** February has no 30th day, whatever a parser makes of it. */
function isDay(value: string): boolean {
  const at = Date.parse(`${value}T00:00:00Z`)
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(value)
}

function choicesProblem(field: Extract<FormField, { kind: 'choices' }>, value: Json): string | undefined {
  const { choices, minItems = 0, maxItems = Infinity } = field
  if (!Array.isArray(value)) return 'must be a list of choices'
  if (!value.every((one) => choices.some((choice) => choice.value === one))) return 'must hold only the choices'
  if (new Set(value).size < value.length) return 'must name each choice once'
  if (value.length < minItems) return `must have at least ${minItems} choices`
  return value.length > maxItems ? `must have at most ${maxItems} choices` : undefined
}

function numberProblem(
  { kind, minimum, maximum }: Extract<FormField, { kind: 'number' | 'integer' }>,
  value: Json,
): string | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return 'must be a number'
  if (kind === 'integer' && !Number.isSafeInteger(value)) return 'must be a whole number'
  if (minimum !== undefined && value < minimum) return `must be at least ${minimum}`
  return maximum !== undefined && value > maximum ? `must be at most ${maximum}` : undefined
}
