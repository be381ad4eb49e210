// What a name means: configuration, our own agent, catalog, registry; and what an installation changes of it.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { definitionDigest } from '../agent/definition.ts'
import type { CommandAgent } from '../agent/definition.ts'
import { LiveConfig } from '../config/live-config.ts'
import { loadConfig } from '../config/load.ts'
import { pathsOf } from '../config/paths.ts'
import { AgentStore } from '../install/agent-store.ts'
import type { InstallRecord } from '../install/agent-store.ts'
import { environmentOf } from './agents.ts'
import { checkAgent } from './check-agent.ts'
import { LiveDefinitions } from './known-agents.ts'
import { lookForAgents } from './look-for-agents.ts'

let home: string
let store: AgentStore
let definitions: LiveDefinitions
const env = { PATH: '/usr/bin:/bin', HOME: '/home/u', ANTHROPIC_API_KEY: 'a-key', OPENAI_API_KEY: 'o-key' }

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'hf-known-'))
  const own = { ...env, HOLDFAST_HOME: home }
  writeFileSync(join(home, 'config.jsonc'), '{ "agents": { "codex": { "command": ["my-codex"] } } }')
  const paths = pathsOf(own)
  store = new AgentStore(paths.stateDir)
  const live = new LiveConfig(loadConfig({ env: own, paths }))
  definitions = new LiveDefinitions({ live, env: own, stateDir: paths.stateDir, store })
})
afterEach(() => rmSync(home, { recursive: true }))

const registry = (...ids: string[]): string =>
  JSON.stringify({
    version: '1.0.0',
    agents: ids.map((id) => ({
      id,
      name: `Registry ${id}`,
      version: '1.0.0',
      distribution: { npx: { package: `${id}@1.0.0`, args: ['--acp'], env: { MODE: 'acp' } } },
    })),
  })
const record: InstallRecord = {
  agent: 'claude',
  title: 'Claude Code',
  kind: 'npm',
  version: '0.100.0',
  packages: ['@agentclientprotocol/claude-agent-acp@0.100.0'],
  key: 'claude@0.100.0-abc',
  olderKeys: [],
  program: 'node_modules/.bin/claude-agent-acp',
  args: ['--installed'],
  env: {},
  binDirectories: ['node_modules/.bin'],
  installedAt: 1,
}
const present = async (name: string) => (await lookForAgents({ definitions, env, version: '9.9.9' })).get(name)

test('the configuration comes first, then the catalog; a registry changes what neither means', () => {
  store.writeRegistry(registry('codex', 'claude', 'kilocode', 'tiny'))
  expect(definitions.find('codex')).toMatchObject({ source: 'config', argv: ['my-codex'] })
  expect(definitions.find('claude')).toMatchObject({ source: 'built-in', title: 'Claude Code' })
  expect(definitions.find('kilocode')).toMatchObject({ source: 'built-in', name: 'kilo' })
  expect(definitions.find('tiny')).toMatchObject({ source: 'imported', argv: ['tiny', '--acp'] })
  expect([...definitions.current.keys()].slice(0, 2)).toEqual(['holdfast', 'codex'])
})

const commandOf = (name: string) => definitions.find(name) as CommandAgent

test('another name leads to the same agent, an unknown one to none', () => {
  expect(definitions.find('kilocode')).toBe(definitions.find('kilo'))
  expect(definitions.find('nobody')).toBeUndefined()
})

test('an agent of the catalog gets the keys of its own login, one of a registry gets none', () => {
  store.writeRegistry(registry('tiny'))
  const claude = environmentOf(env, commandOf('claude'))
  expect(claude).toMatchObject({ ANTHROPIC_API_KEY: 'a-key' })
  expect(claude).not.toHaveProperty('OPENAI_API_KEY')
  const tiny = environmentOf(env, commandOf('tiny'))
  expect(tiny).toEqual({ PATH: env.PATH, HOME: env.HOME, MODE: 'acp' })
})

test('an installation is seen at once: its program, what lies beside it and our Node first in its PATH', async () => {
  const before = definitions.find('claude')!
  expect(await present('claude')).toMatchObject({ installed: 'no', login: 'yes' })
  const folder = join(store.packagesDir, record.key)
  store.ensure()
  mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true })
  writeFileSync(join(folder, record.program), '#!/bin/sh\n', { mode: 0o700 })
  store.writeRecord(record)
  const after = definitions.find('claude')!
  expect(after).toMatchObject({ source: 'installed', argv: [join(folder, record.program), '--installed'] })
  const search = [join(folder, 'node_modules/.bin'), dirname(process.execPath), env.PATH].join(':')
  expect(environmentOf(env, commandOf('claude'))).toMatchObject({ PATH: search, ANTHROPIC_API_KEY: 'a-key' })
  expect(definitionDigest(after)).not.toBe(definitionDigest(before))
  expect(await present('claude')).toMatchObject({ installed: 'yes', version: '0.100.0' })
  store.removeRecord('claude')
  expect(definitions.find('claude')?.source).toBe('built-in')
})

test('definitions are not made anew while nothing has changed', () => {
  expect(definitions.current).toBe(definitions.current)
})

test('an agent that is not installed is refused by name; ours and configured ones are judged at their start', async () => {
  await expect(checkAgent(env, definitions.find('claude')!)).rejects.toMatchObject({
    code: 'AGENT_COMMAND_MISSING',
    help: expect.stringContaining('holdfast agents install claude'),
  })
  for (const name of ['holdfast', 'codex']) await checkAgent(env, definitions.find(name)!)
})

test('our own agent is there, in the version of Holdfast', async () => {
  expect(await present('holdfast')).toMatchObject({ installed: 'yes', version: '9.9.9', login: 'yes' })
})
