// Addresses of the configuration: encrypted or on this machine unless somebody says otherwise, and credentials only where they belong.

import { expect, test } from 'vitest'

import { readAgent } from './agent-definitions.ts'
import type { Place } from './invalid.ts'
import { remoteHeaders } from './remote-agent.ts'

const place: Place = { origin: 'file', name: 'config.jsonc' }
const read = (json: object) => readAgent('far', json as never, place, [])

test.each([
  'wss://a.example/acp',
  'https://a.example:8443/x?y=1',
  'ws://localhost:1/',
  'http://127.3.2.1/',
  'ws://[::1]:9/acp',
])('%s is taken, and its host is the title', (url) => {
  const { remote, title, command } = read({ url })
  expect([remote, title, command]).toEqual([{ url, headers: {} }, new URL(url).host, undefined])
})

test('another machine without encryption needs the word for it', () => {
  const url = 'ws://a.example/acp'
  expect(() => read({ url })).toThrow(/agents\.far\.url is not encrypted/)
  expect(read({ url, insecure: true }).remote?.url).toBe(url)
  for (const fake of ['http://localhost.evil.example/', 'http://127.0.0.1.evil.example/', 'http://0.0.0.0/'])
    expect(() => read({ url: fake })).toThrow(/is not encrypted/)
})

test.each([
  ['a command beside it', { url: 'wss://a/', command: ['x'] }, /command is not for an agent with a url/],
  ['terminals', { url: 'wss://a/', terminals: true }, /terminals is not for/],
  ['headers without a url', { command: ['x'], headers: {} }, /headers is for an agent with a url/],
  ['another scheme', { url: 'file:///etc/passwd' }, /must be a complete address/],
  ['half an address', { url: 'agents.example/acp' }, /must be a complete address/],
  ['a password in it', { url: 'wss://me:hunter2@a/' }, /must not hold a user or a password/],
  ['a header of the protocol', { url: 'wss://a/', headers: { 'Acp-Session-Id': 'x' } }, /is set by the connection/],
  ['a header of the connection', { url: 'wss://a/', headers: { HOST: 'x' } }, /is set by the connection/],
  ['a header of two lines', { url: 'wss://a/', headers: { X: 'hunter2\r\nY: z' } }, /printable ASCII/],
])('%s is CONFIG_INVALID, and no value is told', (_, json, words) => {
  const told = (): unknown => read(json)
  expect(told).toThrow(words)
  expect(told).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  expect(told).not.toThrow(/hunter2/)
})

test('a reference is the variable at the time of the connect; without one the name is told', () => {
  const headers = { A: 'plain', B: 'env:TOKEN' }
  expect(remoteHeaders({ TOKEN: 'Bearer x' }, 'far', headers)).toEqual({ A: 'plain', B: 'Bearer x' })
  for (const own of [{}, { TOKEN: ' ' }, { TOKEN: 'a\nb' }])
    expect(() => remoteHeaders(own, 'far', headers)).toThrow(/Agent far needs a login: .*variable TOKEN/)
})
