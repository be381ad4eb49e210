// What is published is not what the other tests run: bundled programs, with their threads, scripts and migrations beside them.

import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { listLeaks } from '../_support/leak-check.ts'
import { until } from '../_support/until.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')

let folder: string
let mark: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hf-package-'))
  mark = `LC_HOLDFAST_TEST=${folder.slice(-6)}`
  for (const name of ['package.json', 'bin']) cpSync(join(ROOT, name), join(folder, name), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  mkdirSync(join(folder, 'work'))
  await run(process.execPath, [join(ROOT, 'tools/build.ts'), join(folder, 'dist')], { cwd: ROOT })
})
afterAll(async () => {
  await holdfast('stop', '--now').catch(() => 'the test stopped it')
  rmSync(folder, { recursive: true, force: true })
})

async function holdfast(...args: string[]): Promise<string> {
  const [name, word] = mark.split('=') as [string, string]
  const env = { PATH: process.env['PATH'], HOLDFAST_HOME: join(folder, 'home'), HOLDFAST_HTTP_PORT: '0', [name]: word }
  const { stdout } = await run(process.execPath, [join(folder, 'bin/holdfast.cjs'), ...args], {
    cwd: join(folder, 'work'),
    env,
    timeout: 30_000,
  })
  return stdout
}

test('the package, without its source, starts a gateway and a keeper, answers a prompt, checks its store and stops', async () => {
  const said = await holdfast('prompt', '--agent', 'demo', '--approve-all', 'write a hello file')
  expect(said).toContain('HELLO.md')
  const [status] = (await holdfast('status', '--json')).split('\n')
  expect(JSON.parse(status!)).toMatchObject({ state: 'ready', hosting: 'keeper' })
  expect(await holdfast('sessions', 'ls')).toContain('demo')
  expect(await holdfast('doctor')).toContain('warden')
  await holdfast('stop')
  const left = () => listLeaks({ mark })
  await until(() => left().length === 0, { ms: 10_000, what: () => JSON.stringify(left()) })
})

test('the package has the typed client with its declarations', async () => {
  const client = (await import(join(folder, 'dist/client/client.js'))) as { HoldfastClient: unknown }
  expect(client.HoldfastClient).toBeTypeOf('function')
})
