// Entries of `agents`: the one of the agent that comes with us may leave out what is known of it.

import { expect, test } from 'vitest'

import { readAgent } from './agent-definitions.ts'
import type { Place } from './invalid.ts'

const place: Place = { origin: 'file', name: 'config.jsonc' }

test('the entry of the built-in agent needs no command, keeps its title, and may name variables that are meant for it', () => {
  const env = { HOLDFAST_AGENT_MODE: 'code', OPENAI_API_KEY: 'env:KEY' }
  expect(readAgent('holdfast', { env, spares: 1 }, place, [])).toMatchObject({
    command: undefined,
    title: 'Holdfast agent',
    env,
    spares: 1,
  })
})

test.each([
  ['another agent without a command', 'other', {}],
  ['another agent with a variable of ours', 'other', { command: ['x'], env: { HOLDFAST_AGENT_MODE: 'code' } }],
  [
    'a program of the same name with a variable of ours',
    'holdfast',
    { command: ['x'], env: { HOLDFAST_AGENT_MODE: 'code' } },
  ],
  ['the built-in agent with a variable that nobody gets', 'holdfast', { env: { HOLDFAST_HOME: '/x' } }],
])('%s is CONFIG_INVALID', (_, name, json) => {
  expect(() => readAgent(name, json, place, [])).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
})
