// What an agent says of its logins. C-nn: docs/acp-client.md.

import { expect, test } from 'vitest'

import type { Json } from '../base/json.ts'
import { knownLogins, narrowLoginMethods } from './login-methods.ts'

const HEAD = { id: 'a', name: 'A' }

test('C-17 a method without a type, or of type agent, is one that the agent does by itself', () => {
  for (const type of [undefined, null, 'agent'])
    expect(
      narrowLoginMethods([{ ...HEAD, ...(type !== undefined && { type }), description: 'opens a browser' }]),
    ).toEqual([{ ...HEAD, description: 'opens a browser', kind: 'agent' }])
})

test('C-13 a terminal login has its arguments and variables; what it leaves out is none', () => {
  const bare = { ...HEAD, type: 'terminal' }
  const full = { ...bare, id: 'b', args: ['login', '--tty'], env: { COLOR: '1' } }
  expect(narrowLoginMethods([bare, full])).toEqual([
    { ...HEAD, description: undefined, kind: 'terminal', args: [], env: {} },
    { id: 'b', name: 'A', description: undefined, kind: 'terminal', args: ['login', '--tty'], env: { COLOR: '1' } },
  ])
})

test.each<[string, Json]>([
  ['arguments that are no texts', { args: [1] }],
  ['arguments that are one text', { args: 'login' }],
  ['an argument that ends before its end', { args: ['a\0b'] }],
  ['a variable that is no text', { env: { A: 1 } }],
  ['a variable without a usable name', { env: { 'A B': '1' } }],
])('a terminal login with %s cannot be run, and is shown as such', (_, wrong) => {
  expect(narrowLoginMethods([{ ...HEAD, type: 'terminal', ...(wrong as object) }])).toMatchObject([
    { id: 'a', kind: 'unsupported', type: 'terminal' },
  ])
})

test('C-17 a method of another type is kept as unsupported, with the names of its variables and nothing else of them', () => {
  const vars = [{ name: 'PI_KEY', label: 'Key', value: 'secret' }, { name: 'not a name' }, 'PI_ORG']
  const methods = narrowLoginMethods([
    { ...HEAD, type: 'env_var', vars },
    { id: 'b', type: 'env_var', varName: 'OLD_KEY' },
    { id: 'c', type: 7 },
  ])
  expect(methods).toMatchObject([
    { kind: 'unsupported', type: 'env_var', variables: ['PI_KEY', 'PI_ORG'] },
    { id: 'b', name: 'b', variables: ['OLD_KEY'] },
    { id: 'c', type: 'unknown', variables: [] },
  ])
  expect(JSON.stringify(methods)).not.toContain('secret')
})

test('what has no id, or one that was there before, is left out; a list that is none is empty', () => {
  const list: Json = [null, 'x', {}, { id: '' }, { id: 'x'.repeat(513) }, HEAD, { ...HEAD, type: 'terminal' }]
  expect(narrowLoginMethods(list)).toMatchObject([{ id: 'a', kind: 'agent' }])
  for (const none of [undefined, null, {}, 'a']) expect(narrowLoginMethods(none)).toEqual([])
  expect(narrowLoginMethods(Array.from({ length: 99 }, (_, no) => ({ id: `m${no}` })))).toHaveLength(32)
})

test('what is stored of a method is neither an argument nor a variable', () => {
  const methods = narrowLoginMethods([{ ...HEAD, type: 'terminal', args: ['--key=1'], env: { KEY: '2' } }])
  expect(knownLogins(methods)).toEqual([{ id: 'a', name: 'A', kind: 'terminal' }])
})
