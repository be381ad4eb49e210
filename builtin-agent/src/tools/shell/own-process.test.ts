// Commands as children of ours: what they give, and that nothing of them is left.

import { tmpdir } from 'node:os'

import { expect, test, vi } from 'vitest'

import type { JsonObject } from '../../../../src/base/json.ts'
import { Children } from '../../children.ts'
import { ownShell } from './own-process.ts'
import { OUTPUT_BYTES_MAX, type ShellResult } from './shell.ts'

const env = { PATH: process.env['PATH'] ?? '' }
const shell = ownShell({ env, children: new Children(), graceMs: 200 })

function run(
  command: string,
  { timeoutMs = 10_000, signal = new AbortController().signal } = {},
): Promise<ShellResult> {
  return shell.run({ command, cwd: tmpdir(), timeoutMs }, () => {}, signal)
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('gives both outputs and the exit code', async () => {
  const result = await run('echo out; echo err >&2; exit 3')
  expect(result).toMatchObject({ exitCode: 3, signal: null, timedOut: false, isCut: false })
  expect(result.output.split('\n').toSorted()).toEqual(['', 'err', 'out'])
})

test('keeps the end of a flood, whole characters, and says that it is cut', async () => {
  const { output, isCut } = await run(`yes 'äöü' | head -c 700000; printf end`)
  expect(isCut).toBe(true)
  expect(Buffer.byteLength(output)).toBeLessThanOrEqual(OUTPUT_BYTES_MAX)
  expect(output.endsWith('end')).toBe(true)
  expect(output.slice(0, 10)).not.toContain('\uFFFD')
})

test('what a command leaves in the background is ended with it', async () => {
  const { output } = await run('sleep 60 & echo $!')
  const pid = Number(output)
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 5_000 })
})

test('at the time limit the whole tree is ended, also what does not listen to SIGTERM', async () => {
  const result = await run(`trap '' TERM; sh -c "trap '' TERM; echo \\$\\$; while :; do sleep 1; done"`, {
    timeoutMs: 300,
  })
  expect(result).toMatchObject({ timedOut: true, signal: 'SIGKILL' })
  await vi.waitFor(() => expect(isAlive(Number(result.output))).toBe(false), { timeout: 5_000 })
})

test('a cancel ends the whole tree and rejects with CANCELLED', async () => {
  const abort = new AbortController()
  const shown: string[] = []
  const progress = (content: readonly JsonObject[]): void => void shown.push(JSON.stringify(content))
  const running = shell.run(
    { command: 'sleep 60 & echo $!; wait', cwd: tmpdir(), timeoutMs: 60_000 },
    progress,
    abort.signal,
  )
  await vi.waitFor(() => expect(shown.length).toBeGreaterThan(0), { timeout: 5_000 })
  abort.abort()
  await expect(running).rejects.toMatchObject({ code: 'CANCELLED' })
  const pid = Number(/\d+/.exec(shown.at(-1) ?? '')?.[0])
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 5_000 })
})

test('a directory that is not there is said', async () => {
  const nowhere = { command: 'true', cwd: '/no/such/place', timeoutMs: 1_000 }
  await expect(shell.run(nowhere, () => {}, new AbortController().signal)).rejects.toThrow('could not be started')
})

test('of a flood only the newest is shown while it runs', async () => {
  const shown: string[] = []
  const progress = (content: readonly JsonObject[]): void => void shown.push(JSON.stringify(content))
  const command = `yes 'a long line of a flood' | head -c 4000000; sleep 0.4`
  const { output } = await shell.run(
    { command, cwd: tmpdir(), timeoutMs: 10_000 },
    progress,
    new AbortController().signal,
  )
  expect(shown.length).toBeGreaterThan(0)
  expect(Math.max(...shown.map((text) => text.length))).toBeLessThan(12_000)
  expect(output.length).toBeGreaterThan(60_000)
})
