import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { HoldfastError } from '../base/errors.ts'
import { containmentOf } from './containment.ts'
import { loadConfig } from './load.ts'
import { OPTIONS } from './options.ts'
import { pathsOf } from './paths.ts'

let home: string
beforeEach(() => void (home = mkdtempSync(join(tmpdir(), 'hf-config-'))))
afterEach(() => rmSync(home, { recursive: true, force: true }))

interface Given {
  readonly file?: string
  readonly env?: Readonly<Record<string, string>>
  readonly flags?: Readonly<Record<string, string>>
}

function load({ file, env = {}, flags = {} }: Given = {}) {
  if (file !== undefined) writeFileSync(join(home, 'config.jsonc'), file)
  const all = { HOLDFAST_HOME: home, ...env }
  return loadConfig({ env: all, paths: pathsOf(all), flags })
}

/** File or variable, and what is wrong; without the place in the file. */
function refusal(given: Given): string {
  return refusalAt(given).replace(/^(\S+?):\d+:\d+: /, '$1: ')
}

function refusalAt(given: Given): string {
  try {
    load(given)
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'CONFIG_INVALID') {
      return `${String(error.details['file']).replace(home, '~')}: ${String(error.details['reason'])}`
    }
    throw error
  }
  return 'accepted'
}

test('without a file every option has its default', () => {
  const config = load()
  expect(config.file).toBeUndefined()
  expect([config.http.port, config.http.host, config.agents.liveMax, config.limits.queueDepthMax]).toEqual([
    7433,
    '127.0.0.1',
    64,
    32,
  ])
  expect(config.agentDefinitions.size).toBe(0)
  expect(new Set(Object.values(config.origins))).toEqual(new Set(['default']))
})

test('a flag wins over the environment, the environment over the file, the file over the default', () => {
  const file = '{ "log": { "level": "debug" }, "http": { "host": "::1", "port": 1 }, "agents": { "liveMax": 2 } }'
  const env = { HOLDFAST_LOG_LEVEL: 'warn', HOLDFAST_HTTP_PORT: '2', HOLDFAST_AGENTS_LIVE_MAX: '' }
  const config = load({ file, env, flags: { port: '3' } })
  expect([config.http.host, config.http.port, config.log.level, config.agents.liveMax]).toEqual(['::1', 3, 'warn', 2])
  const { origins } = config
  expect([origins['http.host'], origins['http.port'], origins['log.level'], origins['limits.bodyBytesMax']]).toEqual([
    'file',
    'flag',
    'env',
    'default',
  ])
})

test('the result is frozen, in depth', () => {
  const config = load({ file: '{ "sessions": { "roots": ["work"] } }' })
  for (const part of [config, config.http, config.sessions, config.sessions.roots, config.origins]) {
    expect(Object.isFrozen(part)).toBe(true)
  }
})

test('paths of the file are relative to the file, lists of the environment are separated by commas', () => {
  expect(load({ file: '{ "sessions": { "roots": ["work", "/srv/x/../y"] } }' }).sessions.roots).toEqual([
    join(home, 'work'),
    '/srv/y',
  ])
  expect(load({ env: { HOLDFAST_SESSIONS_ROOTS: '/a, /b,' } }).sessions.roots).toEqual(['/a', '/b'])
})

test('agents are read with their command, environment, title, spares, terminals, files and protocol', () => {
  const file =
    '{ "agents": { "pi": { "command": ["pi-acp", "--x"], "env": { "KEY": "env:MY_KEY" }, "title": "Pi", "spares": 2, "terminals": true, "files": "write", "protocol": "auto", "permissionMode": "deny-all" }, "b": { "command": ["b"] } } }'
  const { agentDefinitions } = load({ file })
  expect([...agentDefinitions.values()]).toEqual([
    {
      name: 'pi',
      title: 'Pi',
      command: ['pi-acp', '--x'],
      env: { KEY: 'env:MY_KEY' },
      spares: 2,
      terminals: true,
      files: 'write',
      protocol: 'auto',
      permissionMode: 'deny-all',
    },
    { name: 'b', title: 'b', command: ['b'], env: {}, spares: 0, terminals: false, files: 'none', protocol: 1 },
  ])
})

test('an agent has the containment of all, or its own', () => {
  const all = '"containment": "cgroup", "memoryBytesMax": 1000'
  const own = '"containment": "bwrap", "memoryBytesMax": 0'
  const file = `{ "agents": { ${all}, "a": { "command": ["a"], "processesMax": 5 }, "b": { "command": ["b"], ${own} } } }`
  const { agents, agentDefinitions } = load({ file })
  const choices = [...agentDefinitions.values()].map((agent) => containmentOf(agents, agent))
  expect(choices).toEqual([{ mode: 'cgroup', memoryBytesMax: 1000, processesMax: 5 }, { mode: 'bwrap' }])
  expect(containmentOf(load({ file: '{}' }).agents, {})).toEqual({ mode: 'tag' })
})

test.each([
  ['{ "agents": { "memoryBytesMax": 5 } }', 'agents.memoryBytesMax needs agents.containment to be cgroup'],
  [
    '{ "agents": { "a": { "command": ["a"], "processesMax": 5 } } }',
    'agents.a.processesMax needs agents.a.containment to be cgroup',
  ],
  [
    '{ "agents": { "containment": "cgroup", "memoryBytesMax": 5, "a": { "command": ["a"], "containment": "bwrap" } } }',
    'agents.a.memoryBytesMax needs agents.a.containment to be cgroup',
  ],
])('a limit that nothing would enforce is refused: %s', (file, message) => {
  expect(refusal({ file })).toBe(`~/config.jsonc: ${message}; 0 is no limit`)
})

test('another file can be named by variable or flag, and must exist then', () => {
  const other = join(home, 'other.jsonc')
  expect(refusal({ env: { HOLDFAST_CONFIG: other } })).toBe('~/other.jsonc: the file cannot be read (ENOENT)')
  writeFileSync(other, '{ "http": { "port": 5 } }')
  expect(load({ env: { HOLDFAST_CONFIG: other } }).http.port).toBe(5)
  expect(load({ env: { HOLDFAST_CONFIG: '/nowhere' }, flags: { config: other } }).file).toBe(other)
})

test.each([
  ['{\n  "http": {\n    "prot": 1\n  }\n}', '3:5: http.prot is not known (did you mean http.port?)'],
  ['{\n  "lanes": { "background": { "turnsMax": -1 } }\n}', '2:30: lanes.background.turnsMax must be a whole number'],
  ['{ "agents": {\n  "a": { "title": "A" } } }', '2:3: agents.a.command must be a list of texts'],
  ['{\n  "http": oops }', '2:11: line 2 column 11: a value is expected'],
])('what is wrong has its line and column: %j', (file, message) => {
  expect(refusalAt({ file })).toContain(`~/config.jsonc:${message}`)
})

describe('what is wrong is named with file and key', () => {
  test.each([
    ['{ "http": { "prot": 1 } }', '~/config.jsonc: http.prot is not known (did you mean http.port?)'],
    ['{ "htp": {} }', '~/config.jsonc: htp is not known (did you mean http?)'],
    ['{ "quux": {} }', '~/config.jsonc: quux is not known'],
    ['{ "http": 5 }', '~/config.jsonc: http must be an object'],
    ['{ "http": { "port": "80" } }', '~/config.jsonc: http.port must be a number'],
    ['{ "http": { "port": 65536 } }', '~/config.jsonc: http.port must be a whole number from 0 to 65535'],
    ['{ "http": { "host": "0.0.0.0" } }', '~/config.jsonc: http.host must be one of 127.0.0.1, ::1'],
    ['{ "http": { "enabled": 1 } }', '~/config.jsonc: http.enabled must be true or false'],
    ['{ "http": { "allowedOrigins": "x" } }', '~/config.jsonc: http.allowedOrigins must be a list of texts'],
    [
      '{ "agents": { "liveMx": 5 } }',
      '~/config.jsonc: agents.liveMx must be an object with a command or a url (did you mean agents.liveMax?)',
    ],
    [
      '{ "agents": { "a": {} } }',
      '~/config.jsonc: agents.a.command must be a list of texts: the program, then its arguments; or give a url',
    ],
    [
      '{ "agents": { "a": { "command": "sh -c x" } } }',
      '~/config.jsonc: agents.a.command must be a list of texts: the program, then its arguments; or give a url',
    ],
    [
      '{ "agents": { "a": { "comand": ["x"] } } }',
      '~/config.jsonc: agents.a.comand is not known (did you mean command?)',
    ],
    [
      '{ "agents": { "a": { "command": ["x"], "env": { "LD_PRELOAD": "x" } } } }',
      '~/config.jsonc: agents.a.env.LD_PRELOAD is never given to an agent',
    ],
    ['{ "agents": { "a": { "command": ["x"], "env": { "A": 1 } } } }', '~/config.jsonc: agents.a.env.A must be a text'],
    [
      '{ "agents": { "a": { "command": ["x"], "spares": 9 } } }',
      '~/config.jsonc: agents.a.spares must be a whole number from 0 to 8',
    ],
    [
      '{ "agents": { "a": { "command": ["x"], "permissionMode": "allow" } } }',
      '~/config.jsonc: agents.a.permissionMode must be one of ask, approve-reads, approve-all, deny-all',
    ],
    [
      '{ "agents": { "a": { "command": ["x"], "terminals": "no" } } }',
      '~/config.jsonc: agents.a.terminals must be true or false',
    ],
    [
      '{ "agents": { "a": { "command": ["x"], "files": true } } }',
      '~/config.jsonc: agents.a.files must be one of none, read, write',
    ],
    [
      '{ "agents": { "a": { "command": ["x"], "protocol": "2" } } }',
      '~/config.jsonc: agents.a.protocol must be 1, 2 or "auto"',
    ],
    [
      '{ "agents": { "__proto__": { "command": ["x"] } } }',
      '~/config.jsonc: agents.__proto__ has a name with other characters than letters, digits, dot, dash',
    ],
    [
      '{ "agents": { "a": { "command": ["x"], "containment": "jail" } } }',
      '~/config.jsonc: agents.a.containment must be one of auto, tag, bwrap, cgroup',
    ],
    ['[]', '~/config.jsonc: the file must hold one object'],
  ])('%s', (file, message) => {
    expect(refusal({ file })).toBe(message)
  })

  test('in the file, the environment and the flags alike', () => {
    expect(refusal({ file: '{\n "a"' })).toBe('~/config.jsonc: line 2 column 5: a colon is expected')
    rmSync(join(home, 'config.jsonc'))
    expect(refusal({ env: { HOLDFAST_HTTP_PORT: '-1' } })).toBe('HOLDFAST_HTTP_PORT: http.port must be a whole number')
    expect(refusal({ env: { HOLDFAST_SESSIONS_ROOTS: 'work' } })).toBe(
      'HOLDFAST_SESSIONS_ROOTS: sessions.roots must be an absolute path',
    )
    expect(refusal({ flags: { port: '80x' } })).toBe('--port: http.port must be a whole number')
    expect(refusal({ flags: { prot: '80' } })).toBe('--prot: --prot is not a flag')
  })
})

test('every option has a variable of its own that fits its name, and a paragraph', () => {
  const variables = Object.entries(OPTIONS).map(([name, option]) => {
    const expected = `HOLDFAST_${name
      .replaceAll('.', '_')
      .replace(/([A-Z])/g, '_$1')
      .toUpperCase()}`
    expect([option.env, option.text.endsWith('.')]).toEqual([expected, true])
    return option.env
  })
  expect(new Set(variables).size).toBe(variables.length)
})
