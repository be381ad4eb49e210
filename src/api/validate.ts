// Checks requests against the schemas of the wire, compiled once. Query texts become numbers and booleans; bodies are taken as they are.

import type { FastifySchemaCompiler } from 'fastify'
import { Compile } from 'typebox/compile'
import type { TSchema } from 'typebox'

import { HoldfastError } from '../base/errors.ts'
import { isJsonObject } from '../base/json.ts'

/** For Fastify. What does not fit is BAD_REQUEST and names the place. */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const validator = Compile(schema)
  const isQuery = httpPart === 'querystring'
  return (value: unknown) => {
    const given = isQuery ? convertTexts(schema, value) : value
    if (validator.Check(given)) return { value: given }
    return { error: new HoldfastError('BAD_REQUEST', { reason: reasonOf(httpPart, validator.Errors(given)) }) }
  }
}

interface Mismatch {
  readonly instancePath: string
  readonly message: string
}

const BOOLEANS: Readonly<Record<string, boolean>> = { true: true, false: false }

function convertTexts(schema: TSchema, value: unknown): unknown {
  const { properties } = schema as { properties?: Record<string, { type?: string }> }
  if (properties === undefined || !isJsonObject(value)) return value
  const result: Record<string, unknown> = { ...value }
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== 'string') continue
    const type = Object.hasOwn(properties, name) ? properties[name]?.type : undefined
    if (type === 'integer' && /^-?\d{1,16}$/.test(text)) result[name] = Number(text)
    if (type === 'boolean' && Object.hasOwn(BOOLEANS, text)) result[name] = BOOLEANS[text]
  }
  return result
}

const REASON_CHARS_MAX = 300

/** The first mismatch that names a place; paths of clients are cut to a sane length. */
function reasonOf(part: string | undefined, errors: readonly Mismatch[]): string {
  const unknown = errors.find((error) => error.message === 'schema is false')
  const first = unknown ?? errors[0]
  const text = unknown === undefined ? (first?.message ?? 'does not fit') : 'is not known'
  return `${part ?? 'request'}${first?.instancePath ?? ''} ${text}`.slice(0, REASON_CHARS_MAX)
}
