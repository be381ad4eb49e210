// What is published is not what the other tests run: bundled programs, with their threads, scripts and migrations beside them.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

import { LAUNCHER } from '../_support/launcher.ts'
import { TestGateway } from '../_support/test-gateway.ts'

const CHECKOUT_LAUNCHER = join(import.meta.dirname, '../../bin/holdfast.cjs')
const PACKAGE = dirname(dirname(LAUNCHER))

test('the tests run the package, and it has no source', () => {
  expect(existsSync(join(PACKAGE, 'dist/bin/holdfast.js'))).toBe(true)
  expect(existsSync(join(PACKAGE, 'src'))).toBe(false)
})

test('a command of the package starts a gateway and a keeper, answers a prompt and stops', async () => {
  await using gateway = await TestGateway.prepare()
  const said = await gateway.run('prompt', '--agent', 'holdfast', '--approve-all', 'write a hello file')
  expect(said).toMatchObject({ code: 0, stdout: expect.stringContaining('HELLO.md') as string })
  expect(JSON.parse((await gateway.run('status', '--json')).stdout)).toMatchObject({
    state: 'ready',
    hosting: 'keeper',
  })
  expect((await gateway.run('doctor')).stdout).toContain('warden')
  expect(await gateway.run('stop')).toMatchObject({ code: 0 })
})

test('a checkout runs its sources', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [CHECKOUT_LAUNCHER, '--help'])
  expect(stdout).toContain('serve')
})

test('the package has the typed client with its declarations', async () => {
  const client = (await import(join(PACKAGE, 'dist/client/client.js'))) as { HoldfastClient: unknown }
  expect(client.HoldfastClient).toBeTypeOf('function')
})
