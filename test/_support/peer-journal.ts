// What was written to an agent on the official SDK, judged by the published schema of ACP v1 and by what the SDK's own validation left of
// it. The journal is the agent's (test/agents/sdk/journal.ts).

import { readFile } from 'node:fs/promises'

import { Ajv2020 } from 'ajv/dist/2020.js'

import stable from '@agentclientprotocol/sdk/schema/v1/schema.json' with { type: 'json' }
import unstable from '@agentclientprotocol/sdk/schema/v1/schema.unstable.json' with { type: 'json' }

type Fields = Readonly<Record<string, unknown>>

export interface WireMessage extends Fields {
  readonly jsonrpc: string
  readonly id?: string | number | null
  readonly method?: string
  readonly params?: Fields
  readonly result?: unknown
  readonly error?: { readonly code: number }
}

interface Entry {
  readonly kind: 'to_agent' | 'to_client' | 'parsed' | 'complaint'
  readonly pid: number
  readonly what: WireMessage
}

export interface PeerJournal {
  readonly toAgent: readonly WireMessage[]
  readonly toClient: readonly WireMessage[]
  /** What the SDK said of us on its own account. */
  readonly complaints: readonly unknown[]
  /** Every way in which something written to the agent is not what the schema says, or lost a field in the SDK. */
  readonly violations: readonly string[]
}

export async function readPeerJournal(file: string): Promise<PeerJournal> {
  const entries = (await readFile(file, 'utf8'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Entry)
  const of = (kind: Entry['kind']) => entries.filter((entry) => entry.kind === kind)
  const asked = new Map(of('to_client').map(({ pid, what }) => [keyOf(pid, what), what.method]))
  const parsed = new Map(of('parsed').map(({ pid, what }) => [keyOf(pid, what), what.params]))
  const violations = of('to_agent').flatMap(({ pid, what }) => [
    ...schemaViolations(what, asked.get(keyOf(pid, what))),
    ...lostFields(what, parsed.get(keyOf(pid, what))),
  ])
  return {
    toAgent: of('to_agent').map(({ what }) => what),
    toClient: of('to_client').map(({ what }) => what),
    complaints: of('complaint').map(({ what }) => what),
    violations,
  }
}

/** Of a request and its answer, in one process. */
function keyOf(pid: number, { id }: WireMessage): string {
  return `${pid} ${JSON.stringify(id)}`
}

const ajv = new Ajv2020({ strict: false, discriminator: true, validateFormats: false, allErrors: true })
ajv.addSchema({ ...stable, $id: 'stable' })
ajv.addSchema({ ...unstable, $id: 'unstable' })

/** `answered`: the method of the agent's request that a message answers. */
function schemaViolations(message: WireMessage, answered: string | undefined): string[] {
  const { method = answered, params, result, error } = message
  if (message.jsonrpc !== '2.0') return [`${method} has jsonrpc ${message.jsonrpc}`]
  if (error !== undefined) return violationsOf('stable', 'Error', error)
  if (method === undefined) return [`an answer to nothing: ${JSON.stringify(message)}`]
  if (method.startsWith('_')) return []
  const schema = method === 'session/fork' ? unstable : stable
  const name = definitionOf(schema.$defs, method, message.method === undefined)
  if (name === undefined) return [`${method} is not in the schema`]
  const value = message.method === undefined ? result : params
  return violationsOf(schema === stable ? 'stable' : 'unstable', name, value)
}

function definitionOf(definitions: Readonly<Record<string, object>>, method: string, isAnswer: boolean) {
  const side = isAnswer ? 'client' : undefined
  return Object.entries(definitions).find(([name, definition]) => {
    const { 'x-method': of, 'x-side': by } = definition as Fields
    return of === method && (side ?? by) === by && name.endsWith('Response') === isAnswer
  })?.[0]
}

/** Also of fields that the schema does not have. */
function violationsOf(schema: string, name: string, value: unknown): string[] {
  const key = `${schema}-${name}`
  const closed = { $ref: `${schema}#/$defs/${name}`, unevaluatedProperties: false }
  const validate = ajv.getSchema(key) ?? ajv.addSchema({ $id: key, ...closed }).getSchema(key)!
  if (validate(value) === true) return []
  const { instancePath = '', message, params } = validate.errors?.[0] ?? {}
  return [`${name}${instancePath} ${message} ${JSON.stringify(params)}: ${JSON.stringify(value)}`]
}

/** What the SDK has dropped or changed. */
function lostFields({ method, params }: WireMessage, parsed: Fields | undefined): string[] {
  return method === undefined || parsed === undefined ? [] : lost(params, parsed, method)
}

function lost(given: unknown, kept: unknown, path: string): string[] {
  if (typeof given !== 'object' || given === null)
    return Object.is(given, kept) ? [] : [`${path} was changed: ${JSON.stringify(given)} -> ${JSON.stringify(kept)}`]
  if (typeof kept !== 'object' || kept === null) return [`${path} was dropped`]
  return Object.entries(given).flatMap(([name, value]) => lost(value, (kept as Fields)[name], `${path}.${name}`))
}
