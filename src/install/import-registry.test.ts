// Where an imported document comes from: a file or one host over https, bounded; a failure leaves what was imported before.

import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { AgentStore } from './agent-store.ts'
import type { Fetch } from './https.ts'
import { importRegistry } from './import-registry.ts'

const DOCUMENT = JSON.stringify({
  version: '1.0.0',
  agents: [{ id: 'one', name: 'One', version: '1.0.0', distribution: { npx: { package: 'one@1.0.0' } } }],
})

let home: string
let store: AgentStore
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'hf-import-'))
  store = new AgentStore(join(home, 'state'))
})
afterEach(() => rmSync(home, { recursive: true }))

const importFrom = (source: string, fetch: Fetch = () => Promise.reject(new Error('no network here'))) =>
  importRegistry(source, { store, fetch, signal: new AbortController().signal })
const moved = (location: string): Response => new Response(null, { status: 302, headers: { location } })

test('a file is imported as a private file and can be read without it', async () => {
  const file = join(home, 'registry.json')
  writeFileSync(file, DOCUMENT)
  expect((await importFrom(file)).map(({ id }) => id)).toEqual(['one'])
  rmSync(file)
  expect(store.imported().map(({ id }) => id)).toEqual(['one'])
  expect(statSync(join(store.root, 'registry.json')).mode & 0o777).toBe(0o600)
})

test('a redirect within a host is followed, without credentials', async () => {
  const asked: [string, RequestInit][] = []
  const fetch: Fetch = async (url, init) => {
    asked.push([url, init])
    return url.endsWith('/a') ? moved('/b') : new Response(DOCUMENT)
  }
  await importFrom('https://example.org/a', fetch)
  expect(asked.map(([url]) => url)).toEqual(['https://example.org/a', 'https://example.org/b'])
  for (const [, init] of asked) expect(init).toMatchObject({ redirect: 'manual', credentials: 'omit' })
})

test('Ctrl-C is a cancellation, not a failure', async () => {
  const abort = new AbortController()
  const fetch: Fetch = async () => {
    abort.abort()
    throw new DOMException('aborted', 'AbortError')
  }
  const importing = importRegistry('https://example.org/a', { store, fetch, signal: abort.signal })
  await expect(importing).rejects.toMatchObject({ code: 'CANCELLED' })
})

const big = (): Response => new Response('x'.repeat(5_000_000))
test.each<[string, string, Fetch, string]>([
  ['another host', 'https://a.org/x', async () => moved('https://b.org/x'), 'another host (b.org)'],
  ['plain http after a redirect', 'https://a.org/x', async () => moved('http://a.org/x'), 'only https'],
  ['endless redirects', 'https://a.org/x', async () => moved('/x'), 'redirected too often'],
  ['plain http', 'http://a.org/x', async () => new Response(DOCUMENT), 'only https'],
  ['a password', 'https://u:p@a.org/x', async () => new Response(DOCUMENT), 'with a password'],
  ['a missing page', 'https://a.org/x', async () => new Response('', { status: 404 }), 'a.org answered 404'],
  ['too much', 'https://a.org/x', async () => big(), 'more than 4194304 bytes'],
  ['no network', 'https://a.org/x', () => Promise.reject(new TypeError('fetch failed')), 'a.org cannot be reached'],
  ['a missing file', '/no/such/file', () => Promise.reject(new Error()), 'there is no such file'],
  ['a directory', '/tmp', () => Promise.reject(new Error()), 'cannot be read (EISDIR)'],
  ['no text', 'https://a.org/x', async () => new Response(new Uint8Array([0xff, 0xfe])), 'not a text in UTF-8'],
  ['a document that is wrong', 'https://a.org/x', async () => new Response('{}'), 'agents must be a list'],
])('%s is refused, and what was imported before is kept', async (_, source, fetch, message) => {
  store.writeRegistry(DOCUMENT)
  const failing = importFrom(source, fetch)
  await expect(failing).rejects.toMatchObject({ code: 'AGENT_IMPORT_FAILED' })
  await expect(failing).rejects.toThrow(message)
  expect(store.imported()).toHaveLength(1)
})
