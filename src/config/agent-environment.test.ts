// Row 136 of the fault battery: what an agent gets of our environment.

import { expect, test } from 'vitest'

import { agentEnvironment, builtInAgentEnvironment, isNeverPassed } from './agent-environment.ts'

const OWN = {
  PATH: '/bin',
  HOME: '/home/me',
  LC_ALL: 'C.UTF-8',
  XDG_RUNTIME_DIR: '/run/user/1',
  TMPDIR: '/tmp',
  HOLDFAST_TOKEN: 'secret',
  HOLDFAST_HOME: '/h',
  NODE_OPTIONS: '--inspect',
  LD_PRELOAD: '/x.so',
  DYLD_INSERT_LIBRARIES: '/x',
  NOTIFY_SOCKET: '/n',
  LISTEN_FDS: '1',
  WATCHDOG_USEC: '1',
  ANTHROPIC_API_KEY: 'sk-own',
  AWS_SECRET_ACCESS_KEY: 'aws',
  SSH_AUTH_SOCK: '/ssh',
  EMPTY: undefined,
}

test('the allow-list passes and nothing else', () => {
  expect(agentEnvironment(OWN, {})).toEqual({
    PATH: '/bin',
    HOME: '/home/me',
    LC_ALL: 'C.UTF-8',
    XDG_RUNTIME_DIR: '/run/user/1',
    TMPDIR: '/tmp',
  })
})

test('the bundled agent gets the keys of its providers and the variables that are meant for it, and nothing else of ours', () => {
  const own = { ...OWN, HOLDFAST_AGENT_MODEL: 'm', GEMINI_API_KEY: undefined }
  expect(builtInAgentEnvironment(own, {})).toEqual({
    ...agentEnvironment(OWN, {}),
    ANTHROPIC_API_KEY: 'sk-own',
    HOLDFAST_AGENT_MODEL: 'm',
  })
})

test('the entry of the bundled agent wins over our own environment, also with variables that no other agent gets', () => {
  const defined = {
    ANTHROPIC_API_KEY: 'sk-other',
    HOLDFAST_AGENT_MODEL: 'env:EMPTY',
    HOLDFAST_AGENT_MODE: 'code',
    LD_PRELOAD: 'x',
  }
  expect(builtInAgentEnvironment({ ...OWN, HOLDFAST_AGENT_MODEL: 'm' }, defined)).toEqual({
    ...agentEnvironment(OWN, {}),
    ANTHROPIC_API_KEY: 'sk-other',
    HOLDFAST_AGENT_MODE: 'code',
  })
})

test('what the definition names is added, and wins', () => {
  expect(agentEnvironment(OWN, { PATH: '/agent/bin', MODE: 'x' })).toMatchObject({ PATH: '/agent/bin', MODE: 'x' })
})

test('a reference takes the variable of the gateway, so that no key has to be in the file; what is not set is left out', () => {
  const env = agentEnvironment(OWN, { ANTHROPIC_API_KEY: 'env:ANTHROPIC_API_KEY', OTHER: 'env:NOT_SET' })
  expect([env['ANTHROPIC_API_KEY'], 'OTHER' in env]).toEqual(['sk-own', false])
})

test.each([
  'HOLDFAST_TOKEN',
  'NODE_OPTIONS',
  'LD_LIBRARY_PATH',
  'DYLD_X',
  'NOTIFY_SOCKET',
  'LISTEN_PID',
  'WATCHDOG_PID',
])('%s never passes, not even when the definition names it', (name) => {
  expect(isNeverPassed(name)).toBe(true)
  expect(agentEnvironment(OWN, { [name]: 'x' })).not.toHaveProperty(name)
})
