// Whatever an editor sends: one answer for each request, soon, and nothing of ours breaks.

import * as fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'

import { isJsonObject } from '../../../src/base/json.ts'
import type { Json, JsonObject } from '../../../src/base/json.ts'
import { Facade } from '../../../src/facade/facade.ts'
import type { Logger } from '../../../src/observe/logger.ts'
import { TestSessions } from '../../_support/test-sessions.ts'
import { until } from '../../_support/until.ts'

const at = await TestSessions.start({ silenceMs: 500, turnMs: 800 })
afterAll(() => at[Symbol.asyncDispose]())

const complaints: string[] = []
const complain = (...[fields, message]: Parameters<Logger['warn']>): void =>
  void complaints.push(`${message} ${JSON.stringify(fields)}`)
const logger: Logger = { debug: () => {}, info: () => {}, warn: complain, error: complain }
const facade = new Facade({
  service: at.service,
  permissions: at.sessions.permissions,
  elicitations: at.sessions.elicitations,
  events: at.events,
  agents: () => [{ name: 'fake', source: 'config' }],
  mayBringCommands: () => false,
  version: '1',
  logger,
})
const METHODS = [
  'initialize',
  'authenticate',
  'logout',
  'session/new',
  'session/fork',
  'session/load',
  'session/resume',
  'session/list',
  'session/close',
  'session/delete',
  'session/prompt',
  'session/set_mode',
  'session/set_model',
  'session/set_config_option',
  'session/cancel',
  '$/cancel_request',
  '_x/ext',
  '__proto__',
  'constructor',
  'toString',
  '',
  'fs/read_text_file',
]
const ids: string[] = []
const idOf = fc.nat(5).map((i) => ids[i % Math.max(1, ids.length)] ?? 'ses_00000000000000000000000000')
const anyJson = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<Json>
const block = fc.oneof(
  fc.record({ type: fc.constant('text'), text: fc.oneof(fc.string(), anyJson) }),
  fc.record(
    {
      type: fc.constantFrom('image', 'audio', 'resource', 'resource_link', '__proto__', 'x'),
      data: anyJson,
      uri: anyJson,
      mimeType: anyJson,
      name: anyJson,
      resource: anyJson,
    },
    { requiredKeys: ['type'] },
  ),
  anyJson,
)
const server = fc.record(
  {
    name: fc.oneof(fc.string(), anyJson),
    type: fc.constantFrom('http', 'sse', 'stdio', 'acp'),
    command: anyJson,
    url: fc.oneof(anyJson, fc.constant('http://x.test')),
    headers: fc.oneof(anyJson, fc.constant([])),
    args: anyJson,
    env: anyJson,
  },
  { requiredKeys: [] },
)
const key = fc.constantFrom(
  'holdfast/client',
  'holdfast/agent',
  'holdfast/key',
  'holdfast/title',
  'holdfast/parent',
  'holdfast/options',
  'holdfast/mcpServers',
  'holdfast/after',
  'holdfast/idempotencyKey',
  'holdfast/whenBusy',
  'traceparent',
  '__proto__',
  'constructor',
)
const metaValue = fc.oneof(
  anyJson,
  fc.constantFrom('queue', 'interrupt', 'reject', 'fake'),
  idOf,
  fc.string(),
  fc.nat(50),
  fc.constant(-1),
)
const meta = fc.oneof(
  { weight: 4, arbitrary: fc.dictionary(key, metaValue) },
  { weight: 1, arbitrary: anyJson },
  { weight: 4, arbitrary: fc.constant(undefined) },
)
/** Mostly what belongs there. */
const mostly = <T>(good: fc.Arbitrary<T>, weight = 20) =>
  fc.oneof({ weight, arbitrary: good }, { weight: 1, arbitrary: anyJson })
const params = fc.record(
  {
    sessionId: mostly(idOf),
    cwd: mostly(fc.constantFrom('/tmp', '/tmp', '/tmp', '/tmp', '/tmp/', 'tmp', '/', '/tmp/\u0000x')),
    mcpServers: mostly(
      fc.oneof({ weight: 6, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.array(server, { maxLength: 3 }) }),
    ),
    additionalDirectories: mostly(fc.array(fc.constantFrom('/tmp', 'x', '/tmp/../etc'), { maxLength: 2 })),
    prompt: mostly(
      fc.oneof(fc.constant([{ type: 'text', text: 'x' }]), fc.array(block, { minLength: 1, maxLength: 3 })),
    ),
    modeId: mostly(fc.string()),
    modelId: mostly(fc.string()),
    configId: mostly(fc.constantFrom('mode', 'model', '__proto__', 'x')),
    value: mostly(fc.constantFrom(true, 'true', 'x')),
    type: mostly(fc.constantFrom('boolean', 'select')),
    cursor: mostly(fc.string()),
    requestId: mostly(fc.nat(50)),
    protocolVersion: mostly(fc.constant(1)),
    methodId: mostly(fc.string()),
    _meta: meta,
  },
  { requiredKeys: ['sessionId', 'cwd', 'mcpServers', 'prompt'] },
)
const message = fc.record({
  method: fc.constantFrom(...METHODS),
  params: fc.oneof({ weight: 40, arbitrary: params }, { weight: 1, arbitrary: anyJson }),
})

/** One editor that says all of it at once. Answers by the id of the request. */
function say(messages: readonly object[], isSameUser: boolean) {
  const answers: Json[] = []
  const send = (line: string): void => {
    const { id = null, method, result = null } = JSON.parse(line) as JsonObject
    if (method !== undefined) return
    answers.push(id)
    const { sessionId } = isJsonObject(result) ? result : {}
    if (typeof sessionId === 'string' && !ids.includes(sessionId)) ids.unshift(sessionId)
  }
  const close = (reason: string): void => void complaints.push(`closed: ${reason}`)
  const connection = facade.open({ send, room: () => undefined, close }, {}, { isSameUser })
  const all = [{ method: 'initialize', params: { protocolVersion: 1 } }, ...messages]
  for (const [id, one] of all.entries()) connection.receive(JSON.stringify({ jsonrpc: '2.0', id, ...one }))
  return { connection, answers, ids: [...all.keys()] }
}

test('every request is answered once, whatever is in it and whatever comes with it', { timeout: 60_000 }, async () => {
  for (let count = 0; count < 3; count++)
    ids.push((await at.service.ensure({ agent: 'fake', cwd: '/tmp' })).status.session.id)
  await fc.assert(
    fc.asyncProperty(
      fc.array(message, { minLength: 10, maxLength: 40 }),
      fc.boolean(),
      fc.boolean(),
      async (messages, isSame, leaves) => {
        const { connection, answers, ids: asked } = say(messages, isSame)
        if (leaves) return connection.close()
        const missing = (): number[] => asked.filter((id) => !answers.includes(id))
        const what = (): string => `no answer to ${JSON.stringify(missing().map((id) => messages[id - 1]))}`
        await until(() => missing().length === 0, { ms: 5_000, what })
        connection.close()
        expect(answers.toSorted((a, b) => Number(a) - Number(b))).toEqual(asked)
        expect(complaints.splice(0)).toEqual([])
      },
    ),
    { numRuns: 150, endOnFailure: true },
  )
})
