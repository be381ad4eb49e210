// What a person types, as the values of a form: each field reads text in its own way.

import { contentProblem, valueProblem } from '../../base/form/check-content.ts'
import type { Form, FormField } from '../../base/form/fields.ts'
import type { Json, JsonObject } from '../../base/json.ts'
import { UsageError } from '../usage-error.ts'

const YES: readonly string[] = ['y', 'yes', 'true']
const NO: readonly string[] = ['n', 'no', 'false']

/** The value, or what is wrong with it. A choice is named by its number, its value or its title; several are separated by commas. */
export function readValue(field: FormField, text: string): { value: Json } | { problem: string } {
  const value = valueOf(field, text)
  // What is typed is a word; `true` is what becomes of it.
  const isOdd = field.kind === 'boolean' && typeof value !== 'boolean'
  const problem = isOdd ? 'must be yes or no' : valueProblem(field, value)
  return problem === undefined ? { value } : { problem }
}

/** The defaults of a form, and what `settings` (`name=value`) say; a field of several choices may be named several times. */
export function contentOf(form: Form, settings: readonly string[]): JsonObject {
  const values = new Map<string, Json>()
  for (const field of form.fields) {
    const texts = settings
      .filter((one) => one.startsWith(`${field.name}=`))
      .map((one) => one.slice(field.name.length + 1))
    const value = texts.length > 0 ? settingOf(field, texts) : defaultOf(field)
    if (value !== undefined) values.set(field.name, value)
  }
  const known = (setting: string): boolean => form.fields.some(({ name }) => setting.startsWith(`${name}=`))
  const stray = settings.find((setting) => !known(setting))
  const names = form.fields.map(({ name }) => name).join(', ') || 'none'
  if (stray !== undefined)
    throw new UsageError(`No field fits --set ${stray.slice(0, 80)}.`, `Give FIELD=VALUE. Fields: ${names}`)
  const content = Object.fromEntries(values)
  const problem = contentProblem(form, content)
  if (problem === undefined) return content
  throw new UsageError(`Field ${problem.field} ${problem.reason}.`, `Set it with: --set ${problem.field}=VALUE`)
}

/** Of several settings of one field the last counts, but that choices add up. */
function settingOf(field: FormField, texts: readonly string[]): Json {
  if (field.kind === 'choices') return texts.flatMap((text) => choicesOf(field, text))
  return valueOf(field, texts.at(-1) ?? '')
}

export function defaultOf(field: FormField): Json | undefined {
  return field.kind === 'choices' ? field.default && [...field.default] : field.default
}

function valueOf(field: FormField, text: string): Json {
  switch (field.kind) {
    case 'text':
      return text
    case 'choice':
      return choiceOf(field, text)
    case 'choices':
      return choicesOf(field, text)
    case 'boolean': {
      const word = text.trim().toLowerCase()
      return YES.includes(word) ? true : NO.includes(word) ? false : text
    }
    case 'number':
    case 'integer':
      return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text)
    default:
      return field satisfies never
  }
}

/** One choice, whatever is in it; else several, separated by commas. */
function choicesOf(field: Extract<FormField, { kind: 'choices' }>, text: string): string[] {
  if (text === '') return []
  const whole = choiceOf(field, text)
  if (field.choices.some(({ value }) => value === whole)) return [whole]
  return text.split(',').map((one) => choiceOf(field, one.trim()))
}

/** A value comes before a title, and a title before a number: what is written out is what is meant. */
function choiceOf({ choices }: Extract<FormField, { kind: 'choice' | 'choices' }>, text: string): string {
  const byValue = choices.find(({ value }) => value === text)
  const byTitle = choices.find(({ title }) => title.toLowerCase() === text.toLowerCase())
  const byNumber = /^\d{1,3}$/.test(text) ? choices[Number(text) - 1] : undefined
  return (byValue ?? byTitle ?? byNumber)?.value ?? text
}
