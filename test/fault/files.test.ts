// Files that agents read and write through a real gateway: what they get, what they never get, and what outlives the gateway.

import { link, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test, vi } from 'vitest'

import { TestGateway, type TestAgent } from '../_support/test-gateway.ts'

const SCRIPTED = join(import.meta.dirname, '../agents/scripted-agent.mjs')
const WAIT = { timeout: 15_000, interval: 5 }

/** Agents `read` and `write`: named after what they are offered. */
async function start(): Promise<TestGateway> {
  const gateway = await TestGateway.prepare()
  const command = [process.execPath, SCRIPTED, `--journal=${gateway.journal}`, `--state=${gateway.home}`] as const
  const agents: Record<string, TestAgent> = {
    read: { command, files: 'read' },
    write: { command, files: 'write' },
  }
  await writeFile(join(gateway.home, 'config.jsonc'), JSON.stringify({ http: { enabled: false }, agents }))
  await gateway.start()
  return gateway
}

test('an agent gets the files of its session, as far as it is offered them (C-60, C-61)', async () => {
  await using gateway = await start()
  const path = join(gateway.workspace, 'new', 'f')
  const [writing, reading] = [await gateway.newSession('write'), await gateway.newSession('read')]
  await gateway.ask(writing, `@fswrite ${path} some text @fsread ${path} @fsread ${path}x`)
  const missing = `fsread error -32002: Resource not found: ${path}x `
  expect(await gateway.text(writing)).toBe(`fswrite: done fsread: some text ${missing}`)
  expect(await readFile(path, 'utf8')).toBe('some text')
  await gateway.ask(reading, `@fsread ${path} @fswrite ${path} other`)
  expect(await gateway.text(reading)).toMatch(/^fsread: some text fswrite error -32601/)
  expect(await readFile(path, 'utf8')).toBe('some text')
})

test('nothing else is given to it, whatever it asks for, and the gateway goes on (H 135)', async () => {
  await using gateway = await start()
  const { home, workspace } = gateway
  const secret = join(home, 'secret')
  await writeFile(secret, 'SECRET')
  await symlink(secret, join(workspace, 'link'))
  await symlink('..', join(workspace, 'up'))
  await link(secret, join(workspace, 'hard'))
  const paths = [
    'relative',
    secret,
    `${workspace}/../secret`,
    join(workspace, 'link'),
    join(workspace, 'up/secret'),
    '/proc/self/environ',
    '/dev/zero',
    join(home, 'state/token'),
  ]
  const session = await gateway.newSession('write')
  await gateway.ask(session, paths.map((path) => `@fsread ${path} @fswrite ${path} CHANGED`).join(' '))
  await gateway.ask(session, `@fswrite ${workspace}/hard CHANGED`)
  const asked = [...(await gateway.received('fsread')), ...(await gateway.received('fswrite'))]
  expect(asked.map(({ error }) => error)).toEqual(Array(2 * paths.length + 1).fill(-32_602))
  expect(await readFile(secret, 'utf8')).toBe('SECRET')
})

test('where a session works above the state of Holdfast, that is no file of it (H 135)', async () => {
  await using gateway = await start()
  const { home } = gateway
  const before = await readFile(join(home, 'config.jsonc'), 'utf8')
  const session = await gateway.newSession('write', { cwd: home })
  const own = ['state/token', 'state/new', 'run/gateway.sock', 'config.jsonc']
  await gateway.ask(session, own.map((name) => `@fsread ${home}/${name} @fswrite ${home}/${name} x`).join(' '))
  const said = await gateway.text(session)
  expect(said.match(/error -32602: \S+ belongs to Holdfast/g)).toHaveLength(2 * own.length)
  expect(await readFile(join(home, 'config.jsonc'), 'utf8')).toBe(before)
  expect(await readdir(join(home, 'state'))).not.toContain('new')
})

test('texts that are being written when the gateway is killed are whole, each is answered once, and nothing is left', async () => {
  await using gateway = await start()
  const directory = join(gateway.workspace, 'burst')
  await mkdir(directory)
  const session = await gateway.newSession('write')
  const { turn } = await gateway.client.prompt(session, { prompt: `@fs-burst 40 200 ${directory}` })
  const answered = async (): Promise<number> => (await gateway.received('fs-burst')).length
  await vi.waitFor(async () => expect(await answered()).toBeGreaterThan(2), WAIT)
  await gateway.kill()
  const before = await answered()
  expect(before).toBeLessThan(40)
  await gateway.start()
  expect((await gateway.ended(session, turn.id)).state).toBe('completed')
  expect(await gateway.text(session)).toBe('burst: 40 written, 40 read as written ')
  expect(await gateway.received('unasked')).toEqual([])
  expect(await readdir(directory)).toHaveLength(40)
})
