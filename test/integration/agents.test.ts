// Agents by name through a real gateway and the real command line: refused until they are installed, used at once then, gone
// afterwards; a command that is killed leaves nothing; one small package from the real registry of npm.

import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { LAUNCHER as LAUNCHED } from '../_support/launcher.ts'
import { TestGateway } from '../_support/test-gateway.ts'
import { until } from '../_support/until.ts'
import { testWhere } from '../_support/where-it-works.ts'

const SCRIPTED = join(import.meta.dirname, '../agents/scripted-agent.mjs')
const NPM = 'https://registry.npmjs.org/semver/7.8.6'
const answers = await fetch(NPM, { method: 'HEAD', signal: AbortSignal.timeout(3_000) }).then(
  ({ ok }) => ok,
  () => false,
)
const npmRegistry = { name: 'the registry of npm', works: answers, reason: 'it does not answer' }

let gateway: TestGateway
let tools: string
beforeAll(async () => {
  gateway = await TestGateway.start()
  tools = join(gateway.home, 'tools')
  mkdirSync(tools)
})
afterAll(() => gateway[Symbol.asyncDispose]())

/** npm as a shell script, in a PATH of its own; `cwd` is the directory of the attempt. */
function npmThat(...lines: string[]): Readonly<Record<string, string>> {
  writeFileSync(join(tools, 'npm'), ['#!/bin/sh', ...lines, ''].join('\n'))
  chmodSync(join(tools, 'npm'), 0o755)
  return { PATH: `${tools}:${process.env['PATH'] ?? ''}` }
}

async function holdfast(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = gateway.spawnProgram(process.execPath, [LAUNCHED, ...args], env)
  let [stdout, stderr] = ['', '']
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  child.stdin?.end()
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr }
}

const seen = async (name: string) => (await gateway.client.listAgents()).agents.find((agent) => agent.name === name)
const held = (folder: string): string[] => readdirSync(join(gateway.home, 'state/agents', folder))
const PACKAGE = ['node_modules/.bin', 'node_modules/@augmentcode/auggie'].map((path) => `mkdir -p ${path}`)

test('an agent that is known by name is refused until it is installed, and then used without a reload', async () => {
  expect(await seen('auggie')).toMatchObject({ installed: 'no', source: 'built-in', chosen: false })
  const before = gateway.newSession('auggie')
  await expect(before).rejects.toMatchObject({ code: 'AGENT_COMMAND_MISSING', details: { agent: 'auggie' } })
  const told = await holdfast(['sessions', 'ensure', 'mine', '--agent', 'auggie'])
  expect([told.code, told.stderr]).toEqual([1, expect.stringContaining('holdfast agents install auggie')])
  const env = npmThat(
    ...PACKAGE,
    `echo '{"name":"@augmentcode/auggie","version":"0.36.0","bin":{"auggie":"x.js"}}' > node_modules/@augmentcode/auggie/package.json`,
    `printf '#!/usr/bin/env node\\nprocess.argv.splice(2)\\nawait import("${SCRIPTED}")\\n' > node_modules/@augmentcode/auggie/x.mjs`,
    'ln -s ../@augmentcode/auggie/x.mjs node_modules/.bin/auggie && chmod +x node_modules/@augmentcode/auggie/x.mjs',
  )
  const { code, stdout, stderr } = await holdfast(['agents', 'install', 'auggie'], env)
  expect([code, stdout], stderr).toEqual([0, 'installed auggie 0.36.0\n'])
  expect(await seen('auggie')).toMatchObject({ installed: 'yes', version: '0.36.0', source: 'installed', chosen: true })
  const session = await gateway.newSession('auggie')
  expect(await gateway.ask(session, 'hello')).toMatchObject({ state: 'completed' })
  expect(await gateway.text(session)).toBe('echo: hello')
  await gateway.client.closeSession(session)
})

test('uninstalled, it is refused again, and its files are gone', async () => {
  expect((await holdfast(['agents', 'uninstall', 'auggie'])).stdout).toBe('removed auggie\n')
  expect([held('installed'), held('packages'), held('staging')]).toEqual([[], [], []])
  await expect(gateway.newSession('auggie')).rejects.toMatchObject({ code: 'AGENT_COMMAND_MISSING' })
  expect((await holdfast(['agents', 'uninstall', 'auggie'])).stdout).toContain('nothing to remove')
})

test('a command that is killed in the middle leaves nothing installed, and the next one tidies up', async () => {
  const started = join(gateway.home, 'npm-started')
  const env = npmThat('mkdir -p node_modules/half', `touch ${started}`, 'while kill -0 $PPID; do sleep 0.1; done')
  const child = gateway.spawnProgram(process.execPath, [LAUNCHED, 'agents', 'install', 'auggie'], env)
  await until(() => existsSync(started), { ms: 15_000, what: () => 'npm was started' })
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect([held('installed'), held('packages'), held('staging')]).toEqual([[], [], [expect.any(String)]])
  expect(await seen('auggie')).toMatchObject({ installed: 'no' })
  const failed = await holdfast(['agents', 'install', 'auggie'], npmThat('echo "npm error code E1"', 'exit 1'))
  expect([failed.code, failed.stderr]).toEqual([
    1,
    expect.stringContaining('npm ended with code 1: E1. (AGENT_INSTALL_FAILED)'),
  ])
  expect(held('staging')).toEqual([])
})

test('an agent of an imported registry is listed, and refused until it is installed; one without a package is installed as it says', async () => {
  const registry = join(gateway.home, 'registry.json')
  const npx = { package: 'tiny-agent@1.0.0', cmd: 'tiny', args: ['--acp'], env: { TINY: '1' } }
  const tiny = { id: 'tiny', name: 'Tiny', version: '1.0.0', website: 'https://example.org', distribution: { npx } }
  writeFileSync(
    registry,
    JSON.stringify({ version: '1.0.0', agents: [tiny, { ...tiny, id: 'gemini' }, { ...tiny, id: 'mux' }] }),
  )
  const { stdout, stderr } = await holdfast(['agents', 'import', '../registry.json'])
  expect(stdout).toBe('imported 2 agents\n  tiny\n  mux\n')
  expect(stderr).toContain('Holdfast knows these itself, and goes on as it does: gemini')
  expect(await seen('tiny')).toMatchObject({ installed: 'no', source: 'imported', homepage: 'https://example.org' })
  await expect(gateway.newSession('tiny')).rejects.toMatchObject({ code: 'AGENT_COMMAND_MISSING' })
  const lays = npmThat(
    'mkdir -p node_modules/tiny-agent node_modules/.bin',
    `echo '{"name":"tiny-agent","version":"1.0.0","bin":{"tiny":"x.js"}}' > node_modules/tiny-agent/package.json`,
    `printf '#!/bin/sh\\n' > node_modules/.bin/tiny && chmod +x node_modules/.bin/tiny`,
  )
  expect((await holdfast(['agents', 'install', 'mux'], lays)).stdout).toBe('installed mux 1.0.0\n')
  expect(await seen('mux')).toMatchObject({ title: 'Mux', installed: 'yes', source: 'installed', version: '1.0.0' })
  writeFileSync(registry, JSON.stringify({ version: '1.0.0', agents: [{ ...tiny, id: 'X' }] }))
  const bad = await holdfast(['agents', 'import', '../registry.json'])
  expect([bad.code, bad.stderr]).toEqual([
    1,
    expect.stringContaining('agents[0].id is not valid: X. (AGENT_IMPORT_FAILED)'),
  ])
  expect(await seen('tiny')).toBeDefined()
})

testWhere(
  [npmRegistry],
  'a small package of the real registry of npm is installed as an agent, with its lock file',
  async () => {
    const npx = { package: 'semver@7.8.6', args: ['1.2.3'] }
    const semver = { id: 'semver', name: 'semver', version: '7.8.6', distribution: { npx } }
    const registry = join(gateway.home, 'semver.json')
    writeFileSync(registry, JSON.stringify({ version: '1.0.0', agents: [semver] }))
    await holdfast(['agents', 'import', registry])
    const { code, stdout, stderr } = await holdfast(['agents', 'install', 'semver', '--json'])
    expect(code, stderr).toBe(0)
    const { program, version } = JSON.parse(stdout) as { program: string; version: string }
    expect(version).toBe('7.8.6')
    expect(existsSync(program)).toBe(true)
    expect(readFileSync(join(program, '../../../package-lock.json'), 'utf8')).toContain('"integrity": "sha512-')
    expect(await seen('semver')).toMatchObject({ installed: 'yes', version: '7.8.6', source: 'installed' })
  },
  60_000,
)
