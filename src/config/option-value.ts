// Turns what was given (JSON of the file, text of a variable or flag) into the value of an option, or says why it cannot.

import { homedir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'

import type { Json } from '../base/json.ts'
import { invalid } from './invalid.ts'
import type { Place } from './invalid.ts'
import type { OptionKind } from './option.ts'

export type OptionValue = number | boolean | string | readonly string[]

/** Reads the JSON of the file. Relative paths are relative to the file. CONFIG_INVALID. */
export function valueOfJson(key: string, type: OptionKind, json: Json, place: Place): OptionValue {
  const base = dirname(place.name)
  switch (type.kind) {
    case 'integer':
      return typeof json === 'number' ? checkInteger(key, type, json, place) : wrong(key, 'must be a number', place)
    case 'boolean':
      return typeof json === 'boolean' ? json : wrong(key, 'must be true or false', place)
    case 'choice':
      return checkChoice(key, type.values, json, place)
    case 'path':
      return typeof json === 'string' ? toPath(key, json, base, place) : wrong(key, 'must be a path', place)
    case 'list':
      return listOf(key, json, place).map((item) => (type.of === 'path' ? toPath(key, item, base, place) : item))
    default:
      return type satisfies never
  }
}

/** Reads the text of a variable or a flag; lists are separated by commas. Paths must be absolute. CONFIG_INVALID. */
export function valueOfText(key: string, type: OptionKind, text: string, place: Place): OptionValue {
  const trimmed = text.trim()
  switch (type.kind) {
    case 'integer':
      if (!/^\d{1,15}$/.test(trimmed)) return wrong(key, 'must be a whole number', place)
      return checkInteger(key, type, Number(trimmed), place)
    case 'boolean':
      if (trimmed === 'true' || trimmed === '1') return true
      return trimmed === 'false' || trimmed === '0' ? false : wrong(key, 'must be true or false', place)
    case 'choice':
      return checkChoice(key, type.values, trimmed, place)
    case 'path':
      return toPath(key, trimmed, undefined, place)
    case 'list': {
      const items = trimmed.split(',').map((item) => item.trim())
      const given = items.filter((item) => item !== '')
      return type.of === 'path' ? given.map((item) => toPath(key, item, undefined, place)) : given
    }
    default:
      return type satisfies never
  }
}

function checkInteger(key: string, { min, max }: { min: number; max: number }, value: number, place: Place): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value
  return wrong(key, `must be a whole number from ${min} to ${max}`, place)
}

function checkChoice(key: string, values: readonly string[], value: Json, place: Place): string {
  if (typeof value === 'string' && values.includes(value)) return value
  return wrong(key, `must be one of ${values.join(', ')}`, place)
}

function listOf(key: string, json: Json, place: Place): string[] {
  if (Array.isArray(json) && json.every((item) => typeof item === 'string' && item !== '')) return json as string[]
  return wrong(key, 'must be a list of texts', place)
}

function toPath(key: string, text: string, base: string | undefined, place: Place): string {
  if (text === '' || text.includes('\0')) return wrong(key, 'must be a path', place)
  const expanded = text === '~' || text.startsWith('~/') ? join(homedir(), text.slice(1)) : text
  if (isAbsolute(expanded)) return resolve(expanded)
  return base === undefined ? wrong(key, 'must be an absolute path', place) : resolve(base, expanded)
}

function wrong(key: string, problem: string, place: Place): never {
  throw invalid(key, problem, place)
}
