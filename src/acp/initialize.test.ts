// The handshake's answer: the version is essential, capabilities never are. C-nn: the client checklist.

import { describe, expect, test } from 'vitest'

import type { Json } from '../base/json.ts'
import { narrowInitialize } from './initialize.ts'

const NONE = {
  loadSession: false,
  resume: false,
  close: false,
  list: false,
  fork: false,
  delete: false,
  additionalDirectories: false,
  mcp: { http: false, sse: false },
  prompt: { image: false, audio: false, embeddedContext: false },
}

describe('initialize', () => {
  test.each<Json>([
    null,
    'x',
    [],
    1,
    {},
    { protocolVersion: '1' },
    { protocolVersion: 1.5 },
    { protocolVersion: null },
  ])('C-05: %j is no answer', (result) => {
    expect(narrowInitialize(result)).toEqual({ kind: 'malformed', reason: expect.any(String) as string })
  })

  test('C-06: everything that is omitted is unsupported', () => {
    expect(narrowInitialize({ protocolVersion: 1 })).toEqual({
      kind: 'initialized',
      protocolVersion: 1,
      capabilities: NONE,
      login: { methods: [], canLogOut: false },
      warning: undefined,
    })
  })

  test('C-16: a logout is supported when it is advertised as an object; of login methods id, name and kind are kept', () => {
    const authMethods = [{ id: 'tty', name: 'Terminal', type: 'terminal', args: ['login'] }]
    expect(
      narrowInitialize({ protocolVersion: 1, authMethods, agentCapabilities: { auth: { logout: {} } } }),
    ).toMatchObject({
      capabilities: { logins: [{ id: 'tty', name: 'Terminal', kind: 'terminal' }] },
      login: { methods: [{ id: 'tty', args: ['login'] }], canLogOut: true },
      warning: undefined,
    })
    for (const auth of [undefined, null, [], { logout: null }, { logout: true }])
      expect(
        narrowInitialize({ protocolVersion: 1, agentCapabilities: { ...(auth !== undefined && { auth }) } }),
      ).toMatchObject({
        login: { canLogOut: false },
      })
  })

  test('C-06: null is unsupported, an empty object is supported', () => {
    const sessionCapabilities = { resume: {}, close: null, list: {}, fork: {} }
    expect(narrowInitialize({ protocolVersion: 1, agentCapabilities: { sessionCapabilities } })).toMatchObject({
      capabilities: { resume: true, close: false, delete: false, list: true, fork: true },
      warning: undefined,
    })
  })

  test('everything that is advertised is seen', () => {
    const agentCapabilities = {
      loadSession: true,
      promptCapabilities: { image: true, audio: true, embeddedContext: true },
      sessionCapabilities: { resume: {}, close: {}, delete: {}, list: {} },
    }
    expect(narrowInitialize({ protocolVersion: 1, agentCapabilities })).toMatchObject({
      capabilities: {
        loadSession: true,
        resume: true,
        close: true,
        delete: true,
        list: true,
        prompt: { image: true, audio: true, embeddedContext: true },
      },
      warning: undefined,
    })
  })

  test.each<Json>([
    [],
    ['loadSession'],
    'all',
    true,
    { loadSession: 'yes', sessionCapabilities: true, promptCapabilities: 'image' },
    {
      loadSession: 1,
      sessionCapabilities: { resume: true, list: 'x', close: [] },
      promptCapabilities: { image: 'true' },
    },
  ])('C-05: capabilities of a bad shape count as absent, with a warning: %j', (agentCapabilities) => {
    expect(narrowInitialize({ protocolVersion: 1, agentCapabilities })).toMatchObject({
      capabilities: NONE,
      warning: expect.any(String) as string,
    })
  })

  test('another version is told, not judged', () => {
    expect(narrowInitialize({ protocolVersion: 2 })).toMatchObject({ kind: 'initialized', protocolVersion: 2 })
  })
})
