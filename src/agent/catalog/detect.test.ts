// Detection against directories made for it: what counts as installed, where a version is read, what a login is.

import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { CATALOG, catalogEnvironment, findCatalogEntry } from './catalog.ts'
import { detectAgents } from './detect.ts'
import type { Candidate } from './detect.ts'
import type { LoginFacts } from './entry.ts'

let root: string
let marker: string
const file = (path: string, text = '', mode = 0o600): string => {
  const full = join(root, path)
  mkdirSync(dirname(full), { recursive: true })
  writeFileSync(full, text)
  chmodSync(full, mode)
  return full
}

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'hf-detect-'))
  marker = join(root, 'was-started')
  const main = file('lib/node_modules/@scope/one/dist/main.js', `#!/bin/sh\ntouch ${marker}\n`, 0o755)
  file('lib/node_modules/@scope/one/package.json', '{ "name": "@scope/one", "version": "1.2.3-rc.1" }')
  mkdirSync(join(root, 'bin'))
  symlinkSync(main, join(root, 'bin/one'))
  file('bin/native', `#!/bin/sh\ntouch ${marker}\n`, 0o755)
  file('bin/not-executable', '')
  file('home/.one/login.json', '{ "token": "secret" }')
  file('home/.one/empty.json', '{}\n')
})
afterAll(() => rmSync(root, { recursive: true }))

const login = (facts: Partial<LoginFacts>): LoginFacts => ({
  variables: [],
  files: [],
  isAll: false,
  how: 'log in',
  ...facts,
})
const candidate = (name: string, more: Partial<Candidate> = {}): Candidate => ({
  name,
  command: name,
  env: { PATH: `relative:${join(root, 'missing')}:${join(root, 'bin')}`, HOME: join(root, 'home') },
  login: undefined,
  version: undefined,
  ...more,
})
const detect = async (one: Candidate) => (await detectAgents([one])).get(one.name)

test.each<[string, Partial<Candidate>, object]>([
  ['one', {}, { installed: 'yes', version: '1.2.3-rc.1' }],
  ['native', {}, { installed: 'yes', version: undefined }],
  ['native', { version: '7.0.0' }, { installed: 'yes', version: '7.0.0' }],
  ['not-executable', {}, { installed: 'no', program: undefined, version: undefined }],
  ['nowhere', {}, { installed: 'no', program: undefined, version: undefined }],
  ['relative', { command: './native' }, { installed: 'no' }],
  ['nearby', { command: 'native', env: { PATH: 'RELATIVE' } }, { installed: 'no' }],
])('%s (%o) is found without being started', async (name, more, expected) => {
  const { env = candidate(name).env } = more
  const PATH = env['PATH']?.replace('RELATIVE', relative(process.cwd(), join(root, 'bin'))) ?? ''
  expect(await detect(candidate(name, { ...more, env: { ...env, PATH } }))).toMatchObject(expected)
  expect(existsSync(marker)).toBe(false)
})

test.each<[string, Partial<LoginFacts>, Record<string, string>, string]>([
  ['a variable', { variables: ['KEY'] }, { KEY: 'k' }, 'yes'],
  ['an empty variable', { variables: ['KEY'], isAll: true }, { KEY: '' }, 'no'],
  ['a file of the home directory', { files: ['.one/login.json'] }, {}, 'yes'],
  ['a file without content', { files: ['.one/empty.json'], isAll: true }, {}, 'no'],
  ['nothing, where there is another way', { files: ['.two'] }, {}, 'unknown'],
  ['nothing, where there is no other way', { files: ['.two'], isAll: true }, {}, 'no'],
])('%s as a login', async (_, facts, variables, expected) => {
  const { env } = candidate('one')
  const found = await detect(candidate('one', { login: login(facts), env: { ...env, ...variables } }))
  expect(found?.login).toBe(expected)
})

test('the whole catalog is looked for in less than 50 ms', async () => {
  const path = [...Array.from({ length: 12 }, (_, i) => join(root, `path${i}`)), '/usr/bin', '/bin'].join(':')
  const all = CATALOG.map(({ name, argv: [command], login: facts }) =>
    candidate(name, { command, login: facts, env: { PATH: path, HOME: root } }),
  )
  const times: number[] = []
  for (let i = 0; i < 5; i++) {
    const from = performance.now()
    expect((await detectAgents(all)).size).toBe(CATALOG.length)
    times.push(performance.now() - from)
  }
  expect(Math.min(...times)).toBeLessThan(50)
})

test('what is not known in time is unknown, not absent', async () => {
  const long = Array.from({ length: 5_000 }, (_, i) => `/no/such/directory/${i}`).join(':')
  const slow = candidate('one')
  const found = await detectAgents([{ ...slow, env: { ...slow.env, PATH: `${long}:${slow.env['PATH']}` } }], {
    msMax: 1,
  })
  expect(found.get('one')).toEqual({ installed: 'unknown', program: undefined, version: undefined, login: 'unknown' })
})

test('names are unique, other names lead to the entry, and every package is pinned', () => {
  const names = CATALOG.flatMap(({ name, aliases = [] }) => [name, ...aliases])
  expect(new Set(names).size).toBe(names.length)
  expect(findCatalogEntry('kilocode')?.name).toBe('kilo')
  for (const entry of CATALOG) {
    for (const one of entry.packages) expect(one).toMatch(/^(@[a-z0-9-]+\/)?[a-z0-9-]+@\d+\.\d+\.\d+$/)
  }
})

test('an agent is handed the variables of its own login, and no key of another', () => {
  const entry = findCatalogEntry('claude')
  expect(entry && catalogEnvironment(entry)).toMatchObject({ ANTHROPIC_API_KEY: 'env:ANTHROPIC_API_KEY' })
  expect(entry && Object.keys(catalogEnvironment(entry))).not.toContain('OPENAI_API_KEY')
})
