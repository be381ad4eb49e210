// A form as an agent asks for it: a flat JSON Schema object of texts, numbers, choices and yes or no, read once into fields.
// Judges and describes; what is filled in is judged by check-content.ts.

import { isJsonObject } from '../json.ts'
import type { Json, JsonObject } from '../json.ts'

export interface FormChoice {
  readonly value: string
  readonly title: string
  readonly description: string | undefined
}

interface Described {
  /** Its key in the content. */
  readonly name: string
  readonly title: string | undefined
  readonly description: string | undefined
  readonly isRequired: boolean
}

export type TextFormat = 'email' | 'uri' | 'date' | 'date-time'

/** Lengths are code points. */
export type FormField = Described &
  (
    | {
        readonly kind: 'text'
        readonly minLength: number | undefined
        readonly maxLength: number | undefined
        /** Shown, never run: see ADR 42. */
        readonly pattern: string | undefined
        readonly format: TextFormat | undefined
        readonly default: string | undefined
      }
    | { readonly kind: 'choice'; readonly choices: readonly FormChoice[]; readonly default: string | undefined }
    | {
        readonly kind: 'choices'
        readonly choices: readonly FormChoice[]
        readonly minItems: number | undefined
        readonly maxItems: number | undefined
        readonly default: readonly string[] | undefined
      }
    | {
        readonly kind: 'number' | 'integer'
        readonly minimum: number | undefined
        readonly maximum: number | undefined
        readonly default: number | undefined
      }
    | { readonly kind: 'boolean'; readonly default: boolean | undefined }
  )

export interface Form {
  readonly title: string | undefined
  readonly description: string | undefined
  readonly fields: readonly FormField[]
}

const FIELDS_MAX = 100
const CHOICES_MAX = 500
const NAME_LENGTH_MAX = 200
const FORMATS: readonly string[] = ['email', 'uri', 'date', 'date-time'] satisfies TextFormat[]

/** Why a schema is no form; the message is for who wrote the schema, and holds none of its values. */
export class FormError extends Error {}

/** Throws FormError for anything but a flat object of fields whose kinds are known. */
export function readForm(schema: Json | undefined): Form {
  if (!isJsonObject(schema)) throw new FormError('requestedSchema must be an object')
  if ((schema['type'] ?? 'object') !== 'object') throw new FormError('requestedSchema must be of type object')
  const properties = schema['properties'] ?? {}
  if (!isJsonObject(properties)) throw new FormError('properties must be an object')
  const required = textsOf(schema['required'] ?? [], 'required')
  const names = Object.keys(properties)
  if (names.length > FIELDS_MAX) throw new FormError(`more than ${FIELDS_MAX} fields`)
  if (!required.every((name) => Object.hasOwn(properties, name)))
    throw new FormError('a required field is not described')
  const fields = Object.entries(properties).map(([name, property]) => fieldOf(name, property, required))
  return { title: textIn(schema, 'title'), description: textIn(schema, 'description'), fields }
}

function fieldOf(name: string, property: Json, required: readonly string[]): FormField {
  if (name === '' || name.length > NAME_LENGTH_MAX) throw new FormError('the name of a field is empty or too long')
  if (!isJsonObject(property)) throw new FormError('a field is not an object')
  const described = {
    name,
    title: textIn(property, 'title'),
    description: textIn(property, 'description'),
    isRequired: required.includes(name),
  }
  switch (property['type']) {
    case 'string':
      return { ...described, ...textOrChoice(property) }
    case 'number':
    case 'integer':
      return { ...described, kind: property['type'], ...numberOf(property) }
    case 'boolean':
      return { ...described, kind: 'boolean', default: asBoolean(property['default']) }
    case 'array':
      return { ...described, ...severalOf(property) }
    default:
      throw new FormError('the type of a field is not one of string, number, integer, boolean, array')
  }
}

function textOrChoice(property: JsonObject) {
  const choices = choicesOf(property['enum'], property['oneOf'])
  const fallback = textIn(property, 'default')
  if (choices !== undefined) return { kind: 'choice' as const, choices, default: oneOf(choices, fallback) }
  const format = property['format'] ?? undefined
  if (format !== undefined && (typeof format !== 'string' || !FORMATS.includes(format)))
    throw new FormError('the format of a field is not known')
  const pattern = property['pattern'] ?? undefined
  if (pattern !== undefined && typeof pattern !== 'string') throw new FormError('a pattern is not a text')
  return {
    kind: 'text' as const,
    minLength: countIn(property, 'minLength'),
    maxLength: countIn(property, 'maxLength'),
    pattern,
    format: format as TextFormat | undefined,
    default: fallback,
  }
}

function numberOf(property: JsonObject) {
  const fallback = property['default']
  return {
    minimum: numberIn(property, 'minimum'),
    maximum: numberIn(property, 'maximum'),
    default: typeof fallback === 'number' ? fallback : undefined,
  }
}

function severalOf(property: JsonObject) {
  const { items } = property
  if (!isJsonObject(items)) throw new FormError('a list of choices has no items')
  const isPlain = items['type'] === 'string' || items['type'] === undefined
  const choices = isPlain ? choicesOf(items['enum'], items['anyOf']) : undefined
  if (choices === undefined) throw new FormError('the items of a list are not choices')
  const fallback = property['default']
  const chosen = Array.isArray(fallback) ? fallback.filter((one) => oneOf(choices, one) !== undefined) : undefined
  return {
    kind: 'choices' as const,
    choices,
    minItems: countIn(property, 'minItems'),
    maxItems: countIn(property, 'maxItems'),
    default: chosen as string[] | undefined,
  }
}

/** Undefined when neither form of a list of choices is there. */
function choicesOf(values: Json | undefined, titled: Json | undefined): FormChoice[] | undefined {
  if ((titled ?? undefined) !== undefined) {
    if (!Array.isArray(titled)) throw new FormError('the choices of a field are not a list')
    return bounded(titled.map((option) => choiceOf(option)))
  }
  if ((values ?? undefined) === undefined) return undefined
  const texts = textsOf(values ?? [], 'enum')
  return bounded(texts.map((value) => ({ value, title: value, description: undefined })))
}

function choiceOf(option: Json): FormChoice {
  const { const: value, title } = isJsonObject(option) ? option : {}
  if (typeof value !== 'string' || typeof title !== 'string') throw new FormError('a choice has no const or no title')
  return { value, title, description: textIn(option as JsonObject, 'description') }
}

function bounded(choices: FormChoice[]): FormChoice[] {
  if (choices.length > 0 && choices.length <= CHOICES_MAX) return choices
  throw new FormError(`a field has no choices, or more than ${CHOICES_MAX}`)
}

function oneOf(choices: readonly FormChoice[], value: Json | undefined): string | undefined {
  return typeof value === 'string' && choices.some((choice) => choice.value === value) ? value : undefined
}

function textsOf(value: Json, what: string): string[] {
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value
  throw new FormError(`${what} must be a list of texts`)
}

/** What only describes is left out when it is odd. */
function textIn(of: JsonObject, name: string): string | undefined {
  const value = of[name]
  return typeof value === 'string' ? value : undefined
}

function asBoolean(value: Json | undefined): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined
}

function numberIn(of: JsonObject, name: string): number | undefined {
  const value = of[name] ?? undefined
  if (value === undefined || typeof value === 'number') return value
  throw new FormError(`${name} must be a number`)
}

function countIn(of: JsonObject, name: string): number | undefined {
  const value = numberIn(of, name)
  if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return value
  throw new FormError(`${name} must be a count`)
}
