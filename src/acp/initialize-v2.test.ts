// What an agent that speaks version 2 says of itself, as version 1 would say it. C-nn: docs/acp-client.md.

import { expect, test } from 'vitest'

import type { Json, JsonObject } from '../base/json.ts'
import { narrowInitialize } from './initialize.ts'

function capabilitiesOf(capabilities: Json): object {
  const narrowed = narrowInitialize({ protocolVersion: 2, info: { name: 'a', version: '1' }, capabilities })
  return narrowed.kind === 'initialized' ? narrowed.capabilities : {}
}

const NOTHING = { image: false, audio: false, embeddedContext: false }
const REST = {
  protocol: 2,
  agent: { name: 'a', version: '1' },
  delete: false,
  fork: false,
  additionalDirectories: false,
  mcp: { http: false, sse: false },
}

test('the marker of sessions stands for all that every session can do; null, true and nothing are no marker', () => {
  const all = { ...REST, loadSession: true, resume: true, close: true, list: true, prompt: NOTHING }
  expect(capabilitiesOf({ session: {} })).toEqual(all)
  const none = { ...REST, loadSession: false, resume: false, close: false, list: false, prompt: NOTHING }
  for (const capabilities of [{}, { session: null }, { session: true }, [], null])
    expect(capabilitiesOf(capabilities)).toEqual(none)
})

test('markers within it are objects', () => {
  const prompt = { image: {}, audio: null, embeddedContext: true }
  const session = { prompt, delete: {}, fork: {}, additionalDirectories: {}, mcp: { stdio: {}, http: {} } }
  expect(capabilitiesOf({ session })).toMatchObject({
    delete: true,
    fork: true,
    additionalDirectories: true,
    mcp: { http: true },
    prompt: { ...NOTHING, image: true },
  })
})

test('logins have ids and variables of their own shape; whoever names one can end it', () => {
  const authMethods: JsonObject[] = [
    { methodId: 'a', type: 'agent', name: 'A' },
    { methodId: 't', type: 'terminal', name: 'T', args: ['login'], env: [{ name: 'TTY', value: '1' }] },
    { methodId: 'u', name: 'U' },
  ]
  const narrowed = narrowInitialize({ protocolVersion: 2, info: {}, authMethods })
  expect(narrowed).toMatchObject({
    login: {
      methods: [
        { id: 'a', kind: 'agent' },
        { id: 't', kind: 'terminal', args: ['login'], env: { TTY: '1' } },
        { id: 'u', kind: 'unsupported' },
      ],
      canLogOut: true,
    },
  })
  expect(narrowInitialize({ protocolVersion: 2, info: {} })).toMatchObject({ login: { methods: [], canLogOut: false } })
})
