// The format of the public registry: what is taken, what is left alone, and where a document is wrong.

import { expect, test } from 'vitest'

import { readRegistryDocument } from './registry-document.ts'

const npx = { package: '@scope/agent@1.2.3', args: ['--acp'] }
const agent = (more: object = {}): object => ({
  id: 'one',
  name: 'One',
  description: 'An agent',
  version: '1.2.3',
  distribution: { npx },
  ...more,
})
const document = (...agents: unknown[]): string => JSON.stringify({ version: '1.0.0', agents })
const read = (text: string) => readRegistryDocument(text, 'registry.json')

test('all three ways of distribution are read, and fields that are not known are left alone', () => {
  const linux = { archive: 'https://example.org/a.tar.gz', cmd: './bin/a', sha256: 'AB'.repeat(32) }
  const distribution = { npx, uvx: { package: 'tool[x]==2.0' }, binary: { 'linux-x86_64': linux }, snap: {} }
  const [one] = read(document(agent({ distribution, authors: ['x'], icon: '<svg>', website: 'https://example.org' })))
  expect(one).toMatchObject({ id: 'one', title: 'One', version: '1.2.3', homepage: 'https://example.org' })
  expect(one?.npx).toEqual({ package: '@scope/agent@1.2.3', cmd: undefined, args: ['--acp'], env: {} })
  expect(one?.uvx?.package).toBe('tool[x]==2.0')
  expect(one?.binary.get('linux-x86_64')?.sha256).toBe('ab'.repeat(32))
})

test('the agents of `extensions` are agents, too', () => {
  const text = JSON.stringify({ version: '1.0.0', agents: [agent()], extensions: [agent({ id: 'two' })] })
  expect(read(text).map(({ id }) => id)).toEqual(['one', 'two'])
})

const binary = (more: object): object =>
  agent({ distribution: { binary: { 'linux-x86_64': { archive: 'https://e.org/a.zip', cmd: 'a', ...more } } } })
const withEnv = (env: object): object => agent({ distribution: { npx: { ...npx, env } } })

test.each<[string, string, string]>([
  ['no JSON', '{', 'the document is not JSON'],
  ['a list', '[]', 'the document must be an object'],
  ['no agents', '{ "version": "1.0.0" }', 'agents must be a list'],
  ['no version', '{ "agents": [] }', 'version must be'],
  ['an id that leaves its folder', document(agent({ id: '../x' })), 'agents[0].id is not valid'],
  ['an id with capitals', document(agent(), agent({ id: 'Two' })), 'agents[1].id is not valid'],
  ['one id twice', document(agent(), agent()), 'agents[1].id is there twice'],
  ['no name', document(agent({ name: ' ' })), 'agents[0].name must be a text'],
  ['a version that is none', document(agent({ version: 'latest' })), 'agents[0].version is not valid'],
  ['no distribution', document(agent({ distribution: {} })), 'agents[0].distribution must have at least one'],
  [
    'a package that is an option',
    document(agent({ distribution: { npx: { package: '--registry=x' } } })),
    'agents[0].distribution.npx.package is not valid',
  ],
  [
    'a package that is an address',
    document(agent({ distribution: { npx: { package: 'git+https://e.org/x' } } })),
    'agents[0].distribution.npx.package is not valid',
  ],
  [
    'a program that is a path',
    document(agent({ distribution: { npx: { ...npx, cmd: '../../bin/sh' } } })),
    'agents[0].distribution.npx.cmd is not valid',
  ],
  [
    'an argument that is no text',
    document(agent({ distribution: { npx: { ...npx, args: [1] } } })),
    'agents[0].distribution.npx.args[0] must be a text',
  ],
  ['an archive without https', document(binary({ archive: 'http://e.org/a.zip' })), 'binary.linux-x86_64.archive must'],
  ['a digest that is none', document(binary({ sha256: 'abc' })), 'binary.linux-x86_64.sha256 must have 64'],
  ['a variable of ours', document(withEnv({ A: 'env:ANTHROPIC_API_KEY' })), 'npx.env.A may not refer'],
  ['another PATH', document(withEnv({ PATH: '/tmp' })), 'npx.env.PATH may not be set'],
  ['a loader option', document(withEnv({ LD_PRELOAD: 'x' })), 'npx.env.LD_PRELOAD may not be set'],
])('%s is refused with its place', (_, text, message) => {
  expect(() => read(text)).toThrow(expect.objectContaining({ code: 'AGENT_IMPORT_FAILED' }))
  expect(() => read(text)).toThrow(message)
})
