// D 76 to 80, 83 and 89: who may use a state directory, and which ones nobody may.

import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { describe, expect, test } from 'vitest'

import { killPid } from '../_support/kill.ts'
import { mountAbility, mountSmallDisk } from '../_support/small-disk.ts'
import { changeStored } from '../_support/stored-database.ts'
import { TestGateway } from '../_support/test-gateway.ts'
import { until } from '../_support/until.ts'
import { testWhere } from '../_support/where-it-works.ts'

const BUSY = 75
const CONFIG = 78
const RIVALS = 12
/** How long a start waits for the lock when somebody holds it. */
const LOCK_WAIT_MS = 10_000

interface End {
  readonly pid: number | undefined
  readonly code: number | null
  readonly said: string
}

function endOf(child: ChildProcess): Promise<End> {
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  return new Promise((resolve) => child.once('close', (code) => resolve({ pid: child.pid, code, said })))
}

/** Everything that looks at the whole database or copies it, again and again, until somebody says that it is enough. */
async function workOnFiles(gateway: TestGateway, session: string, isEnough: () => boolean): Promise<number> {
  let rounds = 0
  for (; !isEnough(); rounds++) {
    await gateway.client.backUp({ path: join(gateway.home, 'copy.db'), replace: true })
    expect(await gateway.client.verifyDatabase()).toEqual({ problems: [] })
    const { code } = await gateway.run('sessions', 'export', session, join(gateway.home, 'log.jsonl'), '--force')
    expect(code).toBe(0)
    expect((await gateway.run('doctor', '--verify')).stdout).toMatch(/^ok +database +verified$/m)
    expect(await gateway.ask(session, 'go on')).toMatchObject({ state: 'completed' })
  }
  return rounds
}

describe.concurrent('a state directory that is in use', () => {
  test('D 76, 80: a second gateway names the first and exits 75, also while that copies, exports and checks its own database', async () => {
    await using gateway = await TestGateway.start()
    const session = await gateway.newSession()
    const startedAt = performance.now()
    const second = endOf(gateway.spawn('serve'))
    let isOver = false
    void second.then(() => (isOver = true))
    const rounds = await workOnFiles(gateway, session, () => isOver)
    const { code, said } = await second
    expect(said).toContain(`(pid ${gateway.pid},`)
    expect(code).toBe(BUSY)
    // It waits for 10 s; a start on a busy machine comes on top.
    expect(performance.now() - startedAt).toBeLessThan(LOCK_WAIT_MS + 8_000)
    expect(rounds).toBeGreaterThan(1)
    expect((await gateway.client.status()).pid).toBe(gateway.pid)
    const copy = new DatabaseSync(join(gateway.home, 'copy.db'), { readOnly: true })
    expect(copy.prepare("SELECT count(*) AS turns FROM turn WHERE state = 'completed'").get()).toEqual({
      turns: rounds - 1,
    })
    copy.close()
    expect(readdirSync(gateway.home).filter((name) => name.includes('partial'))).toEqual([])
    expect(statSync(join(gateway.home, 'copy.db')).mode & 0o777).toBe(0o600)
  })

  test('D 77: of twelve gateways that start at once one becomes ready; the others name it and exit 75', async () => {
    await using gateway = await TestGateway.prepare()
    const rivals = Array.from({ length: RIVALS }, () => gateway.spawn('serve'))
    const ends = rivals.map(endOf)
    try {
      await until(() => gateway.client.isReady(), { ms: 20_000, what: () => 'one of them is ready' })
      const { pid } = await gateway.client.status()
      const losers = await Promise.all(ends.filter((_, i) => rivals[i]?.pid !== pid))
      expect(losers).toHaveLength(RIVALS - 1)
      expect(losers.filter(({ code, said }) => code !== BUSY || !said.includes(`(pid ${pid},`))).toEqual([])
      const session = await gateway.newSession()
      expect(await gateway.ask(session, 'hello')).toMatchObject({ state: 'completed' })
      expect((await gateway.client.status()).pid).toBe(pid)
    } finally {
      for (const rival of rivals) if (rival.exitCode === null) killPid(rival.pid, 'SIGTERM')
      await Promise.all(ends)
    }
  })
})

test('D 79: what a killed gateway leaves, and a row that names a living process as its owner, hold up no start', async () => {
  await using gateway = await TestGateway.start()
  await gateway.kill()
  const lock = new DatabaseSync(join(gateway.home, 'state/instance.lock'))
  lock.prepare('UPDATE owner SET pid = ?, since = ?').run(process.pid, Date.now())
  lock.close()
  const left = ['state/holdfast.db-wal', 'state/instance.lock', 'run/gateway.sock']
  for (const name of left) expect(readdirSync(join(gateway.home, name, '..'))).toContain(name.split('/')[1])
  const startedAt = performance.now()
  await gateway.start()
  expect(performance.now() - startedAt).toBeLessThan(LOCK_WAIT_MS)
  expect((await gateway.ask(await gateway.newSession(), 'hello')).state).toBe('completed')
})

interface Unusable {
  readonly what: string
  readonly reason: string
  make(path: string): void
}

const OPEN: Unusable = {
  what: 'that others may enter',
  reason: 'its mode is 0777',
  make: (path) => chmodSync(path, 0o777),
}
const FOREIGN: Unusable = {
  what: 'of another user',
  reason: 'another user owns it',
  make: (path) => chownSync(path, 12_345, 12_345),
}

test.for(process.getuid?.() === 0 ? [OPEN, FOREIGN] : [OPEN])(
  'D 83: a state directory $what is refused with 78, and what to do is said',
  async ({ reason, make }) => {
    await using gateway = await TestGateway.prepare()
    const path = join(gateway.home, 'state')
    mkdirSync(path, { mode: 0o700 })
    make(path)
    expect(await refusal(gateway)).toEqual({ reason, code: CONFIG, made: [] })
  },
)

testWhere(
  [mountAbility()],
  'D 83: a state directory that cannot be written to is refused with 78, and what to do is said',
  async () => {
    await using gateway = await TestGateway.prepare()
    using disk = mountSmallDisk(join(gateway.home, 'state'), 1 << 20)
    disk.makeReadOnly()
    const reason = 'it cannot be written to (EROFS)'
    expect(await refusal(gateway)).toEqual({ reason, code: CONFIG, made: [] })
  },
  20_000,
)

/** Why a start was refused, how it ended and what it left in the state directory. */
async function refusal(
  gateway: TestGateway,
): Promise<{ reason: string | undefined; code: number | null; made: string[] }> {
  const { code, stderr } = await gateway.run('serve')
  const reason = /^holdfast: The state directory \S+ is not safe: (.*)\. \(STATE_DIR_UNSAFE\)\nMake it yours, /.exec(
    stderr,
  )?.[1]
  return { reason, code, made: readdirSync(join(gateway.home, 'state')) }
}

test('D 89: a database of a newer version is refused with 78, and not a byte of it is changed', async () => {
  await using gateway = await TestGateway.start()
  await gateway.ask(await gateway.newSession(), 'hello')
  await gateway.kill('SIGTERM')
  changeStored(gateway.home, 'PRAGMA user_version = 99')
  const before = fingerprint(gateway.home)
  const { code, stderr } = await gateway.run('serve')
  expect(stderr).toContain('The database has schema 99')
  expect(stderr).toContain('Use the newer version of Holdfast')
  expect(code).toBe(CONFIG)
  expect(fingerprint(gateway.home)).toEqual(before)
})

/** Names and contents of the files of the database. */
function fingerprint(home: string): string[] {
  const files = readdirSync(join(home, 'state')).filter((name) => name.startsWith('holdfast.db'))
  const hash = (name: string): string =>
    createHash('sha256')
      .update(readFileSync(join(home, 'state', name)))
      .digest('hex')
  return files.map((name) => `${name} ${hash(name)}`)
}
