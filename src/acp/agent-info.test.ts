// What an agent calls itself, from either version of the answer to `initialize`.

import { expect, test } from 'vitest'

import type { Json } from '../base/json.ts'
import { narrowAgentInfo } from './agent-info.ts'
import { narrowInitialize } from './initialize.ts'

test('name and version are kept, a title is not, and a version may be missing', () => {
  expect(narrowAgentInfo({ name: 'gemini-cli', title: 'Gemini', version: '0.61.0' })).toEqual({
    name: 'gemini-cli',
    version: '0.61.0',
  })
  expect(narrowAgentInfo({ name: 'x', version: 3 })).toEqual({ name: 'x', version: undefined })
})

test.each<Json>([null, 'x', [], {}, { name: '' }, { name: 1 }, { version: '1' }, { name: '\u0000\u202e \n' }])(
  '%j is no name',
  (info) => {
    expect(narrowAgentInfo(info)).toBeUndefined()
  },
)

test('text is bounded, of one line, and shows what it is', () => {
  const { name, version } = narrowAgentInfo({ name: 'a\u001b[31m\nb\u202e', version: 'v'.repeat(1_000) }) ?? {}
  expect(name).toBe('a[31mb')
  expect(version).toHaveLength(100)
})

test('both versions of the protocol say it, under names of their own', () => {
  const said = { name: 'x', version: '1' }
  for (const answer of [
    { protocolVersion: 1, agentInfo: said },
    { protocolVersion: 2, info: said },
  ])
    expect(narrowInitialize(answer)).toMatchObject({ capabilities: { agent: said } })
  expect(narrowInitialize({ protocolVersion: 1 })).not.toHaveProperty('capabilities.agent')
})
