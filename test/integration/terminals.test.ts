// Terminals with real commands, held by the gateway itself: output as it came, exit, kill, release, and what is left of a tree.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { afterEach, beforeEach, expect, test } from 'vitest'

import type { Terminal, TerminalSpec } from '../../src/keeper/held/terminal.ts'
import { listLeaks, startLeakCheck, type LeakCheck } from '../_support/leak-check.ts'
import { nastyPath, openNastyHost, until, type NastyHost } from '../_support/nasty-host.ts'

let check: LeakCheck
beforeEach(() => {
  check = startLeakCheck()
})
afterEach(() => check.assertNone())

const MIB = 1024 * 1024

function open(rig: NastyHost, argv: readonly [string, ...string[]], outputBytesMax = MIB): Promise<Terminal> {
  const { lineBytesMax: _, sessionId: __, ...spec } = rig.spec(argv)
  const terminal = { line: 5, outputBytesMax }
  return rig.host.spawnTerminal({ ...spec, sessionId: 'ses_test', terminal } as TerminalSpec)
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes of buffers that somebody still holds: what is only waiting to be collected says nothing. */
function retainedBytes(): number {
  collect()
  return process.memoryUsage().arrayBuffers
}

const script = (text: string): [string, ...string[]] => ['sh', '-c', text]

test('stdout and stderr are shown as they came, without a terminator; the exit is told after the last of it (C-64)', async () => {
  await using rig = await openNastyHost()
  const terminal = await open(rig, script('printf "a\\r\\n\\033[1m"; printf "err" >&2; cat; exit 3'))
  expect(terminal.exit).toBeUndefined()
  const [one, other] = await Promise.all([terminal.exited, terminal.exited])
  expect(one).toEqual({ code: 3, signal: null })
  expect(other).toEqual(one)
  const { text, isTruncated } = terminal.read()
  expect(text.replace('err', '')).toBe('a\r\n\u001b[1m')
  expect(text).toContain('err')
  expect(isTruncated).toBe(false)
  await terminal.release()
  expect([...rig.leases.rows.values()]).toMatchObject([{ id: terminal.leaseId, state: 'closed', exit: 'code 3' }])
})

test('over its limit the output loses its beginning, up to a whole character, and says so (C-63)', async () => {
  await using rig = await openNastyHost()
  const terminal = await open(rig, script('printf "start"; printf "\\342\\202\\254\\342\\202\\254\\342\\202\\254"'), 7)
  await terminal.exited
  expect(terminal.read()).toEqual({ text: '€€', isTruncated: true })
  const binary = await open(rig, script('printf "\\377\\377\\377\\377"'), 8)
  await binary.exited
  expect(binary.read()).toEqual({ text: '\ufffd\ufffd', isTruncated: true })
  const none = await open(rig, script('echo gone'), 0)
  await none.exited
  expect(none.read()).toEqual({ text: '', isTruncated: true })
  await Promise.all([terminal, binary, none].map((each) => each.release()))
})

test('a command that floods costs its limit and no more, byte by byte too, and can be killed', async () => {
  await using rig = await openNastyHost()
  const flood = await open(rig, ['yes'], 100_000)
  const drip = await open(rig, script('while :; do printf x; done'), 2_000)
  await until('a flood', () => (flood.read().isTruncated && drip.read().isTruncated) || undefined)
  const before = retainedBytes()
  let told = 0
  flood.watch(() => told++)
  await until('some 64 MiB of it', () => told > 1_000 || undefined)
  // Freed beside the collection, so one look may come too early; what is really held never falls while the flood goes on.
  await until('the bound', () => retainedBytes() - before < 8 * MIB || undefined, 5_000)
  expect(flood.read().text).toHaveLength(100_000)
  expect(drip.read().text).toBe('x'.repeat(2_000))
  for (const terminal of [flood, drip]) {
    await terminal.stop()
    expect(terminal.exit).toEqual({ code: null, signal: 'SIGTERM' })
    expect(terminal.read().isTruncated).toBe(true)
  }
})

test('one that ignores SIGTERM is killed with its tree; the output and the exit stay until the release (C-64)', async () => {
  await using rig = await openNastyHost()
  const terminal = await open(rig, script('trap "" TERM; echo here; sleep 600 & wait; sleep 600'))
  await until('its output', () => terminal.read().text === 'here\n' || undefined)
  const report = await terminal.stop()
  expect(report).toMatchObject({ forced: true, survivors: [] })
  expect(terminal.exit).toEqual({ code: null, signal: 'SIGKILL' })
  expect(terminal.read().text).toBe('here\n')
  await check.assertNone()
})

test('what a command leaves in the background ends when the command does', async () => {
  await using rig = await openNastyHost()
  const live = () => listLeaks({ instance: rig.leases.instanceNumber() })
  const terminal = await open(rig, script('setsid sleep 600 & echo up; while [ ! -e go ]; do sleep 0.02; done'))
  await until('its output', () => terminal.read().text === 'up\n' || undefined)
  await until('the one in the background', () => live().length > 2 || undefined)
  await writeFile(`${rig.directory}/go`, '')
  expect(await terminal.exited).toEqual({ code: 0, signal: null })
  await terminal.stop()
  expect(live()).toEqual([])
})

test('a daemon made by a double fork ends with the terminal', async () => {
  await using rig = await openNastyHost()
  const log = join(rig.directory, 'fork.log')
  const terminal = await open(
    rig,
    script(`${process.execPath} ${nastyPath('double-fork.mjs')} --log=${log}; sleep 600`),
  )
  const births = async () => (await readFile(log, 'utf8').catch(() => '')).match(/^\d+ \d+/gm) ?? []
  const live = async () => listLeaks({ births: await births() })
  await until('the daemon', async () => (await births()).length > 1 && (await live()).length > 0)
  await terminal.release()
  expect(await births()).toHaveLength(2)
  expect(await live()).toEqual([])
})

test('a host that ends ends what runs in terminals, released or not', async () => {
  const rig = await openNastyHost()
  await open(rig, ['sleep', '600'])
  const released = await open(rig, ['sleep', '600'])
  const ending = released.release()
  await rig[Symbol.asyncDispose]()
  expect(await ending).toMatchObject({ survivors: [], exit: { code: null, signal: 'SIGTERM' } })
  await check.assertNone()
  expect([...rig.leases.rows.values()].map(({ state }) => state)).toEqual(['closed', 'closed'])
})

test('a command that is not there is said before anything is started', async () => {
  await using rig = await openNastyHost()
  await expect(open(rig, ['no-such-command-here'])).rejects.toMatchObject({ code: 'AGENT_COMMAND_MISSING' })
  expect(rig.leases.rows.size).toBe(0)
})
