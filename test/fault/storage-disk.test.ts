// D 81, 82 and 84: a disk without room, one that fails to sync, and a WAL that ends too early.

import { spawn, spawnSync } from 'node:child_process'
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { expect, test } from 'vitest'

import { openSqliteStore } from '../../src/store/open-sqlite-store.ts'
import { NODE, NOW, ownSession, range, readAll, write } from '../conformance/store/records.ts'
import { manualClock } from '../_support/manual-clock.ts'
import { mountAbility, mountSmallDisk } from '../_support/small-disk.ts'
import { TestGateway } from '../_support/test-gateway.ts'
import { until } from '../_support/until.ts'
import { testWhere, type Ability } from '../_support/where-it-works.ts'

const DISK_BYTES = 64 * 1024 * 1024
const PIECE = Buffer.alloc(64 * 1024, 'x')
const WAITS = { ms: 15_000, intervalMs: 50 }

/** Takes all that is left of the disk. */
async function fillDisk(directory: string): Promise<string> {
  const file = join(directory, 'other-program')
  const handle = await open(file, 'a')
  try {
    for (;;) await handle.appendFile(PIECE)
  } catch {
    // It is full.
  } finally {
    await handle.close()
  }
  const { bavail, bsize } = statfsSync(directory)
  if (bavail > 0) writeFileSync(join(directory, 'rest'), Buffer.alloc(bavail * bsize, 'x'))
  return file
}

/** Prompts until one is refused; what was accepted, and the refusal. */
async function promptUntilRefused(
  gateway: TestGateway,
  session: string,
): Promise<{ accepted: string[]; refusal: unknown }> {
  const accepted: string[] = []
  for (;;) {
    try {
      const { turn } = await gateway.client.prompt(session, { prompt: `later ${'p'.repeat(500_000)}` })
      accepted.push(turn.id)
    } catch (refusal) {
      return { accepted, refusal }
    }
  }
}

testWhere(
  [mountAbility()],
  'D 81: on a full disk new work is refused with 507, what runs goes on, all that was accepted is stored, and it goes on by itself',
  async () => {
    const config = { limits: { queueDepthMax: 500 }, deadlines: { drainMs: 200 } }
    await using gateway = await TestGateway.prepare({ config })
    const state = join(gateway.home, 'state')
    using _disk = mountSmallDisk(state, DISK_BYTES)
    await gateway.start()
    const [running, waiting] = [await gateway.newSession(), await gateway.newSession()]
    const { turn } = await gateway.client.prompt(running, { prompt: '@chunks 80 50' })
    await gateway.client.prompt(waiting, { prompt: '@hang' })
    await until(() => reserveIsThere(state), { ...WAITS, what: () => 'the reserve is there' })
    const other = await fillDisk(state)
    const { accepted, refusal } = await promptUntilRefused(gateway, waiting)
    expect(refusal).toMatchObject({ code: 'STORE_FULL', status: 507, retryable: true })
    await expect(gateway.newSession()).rejects.toMatchObject({ code: 'STORE_FULL' })
    expect(await gateway.client.status()).toMatchObject({ state: 'ready', disk_full: true })
    expect(await gateway.ended(running, turn.id)).toMatchObject({ state: 'completed' })
    expect(await gateway.text(running)).toContain('chunk 80')
    const { queued } = await gateway.client.getSession(waiting)
    expect(queued).toEqual(accepted)
    rmSync(other)
    await until(async () => !(await gateway.client.status()).disk_full, { ...WAITS, what: () => 'there is room again' })
    expect(await gateway.ask(running, 'again')).toMatchObject({ state: 'completed' })
    expect(reserveIsThere(state)).toBe(true)
    expect((await gateway.client.verifyDatabase()).problems).toEqual([])
    await gateway.kill()
    await gateway.start()
    expect((await gateway.client.getSession(waiting)).queued).toEqual(accepted)
    await gateway.kill('SIGTERM')
  },
  60_000,
)

testWhere(
  [mountAbility()],
  'D 81: when the reserve is used up too the gateway exits with 74; the agent waits in its keeper, and its turn ends in the next life',
  async () => {
    await using gateway = await TestGateway.prepare()
    const state = join(gateway.home, 'state')
    using _disk = mountSmallDisk(state, DISK_BYTES)
    await gateway.start()
    const session = await gateway.newSession()
    await gateway.ask(session, 'warm')
    const { agent_pid: agent } = await gateway.client.getSession(session)
    await until(() => reserveIsThere(state), { ...WAITS, what: () => 'the reserve is there' })
    const other = await fillDisk(state)
    const pieces = range(1, 40).map(() => '@bigchunk 512')
    const asked = gateway.client.prompt(session, { prompt: `${pieces.join(' ')} @say done` })
    const { turn } = await asked
    expect(await gateway.died()).toEqual({ code: 74, signal: null })
    expect(gateway.output).toContain('the disk is full')
    expect(gateway.agents().map(({ pid }) => pid)).toContain(agent)
    const refused = await gateway.run('serve')
    expect([refused.code, refused.stderr]).toEqual([74, expect.stringContaining('the disk is full')])
    rmSync(other)
    await gateway.start()
    expect(await gateway.ended(session, turn.id)).toMatchObject({ state: 'completed' })
    expect(await gateway.received('start')).toHaveLength(1)
    expect((await gateway.client.verifyDatabase()).problems).toEqual([])
    await gateway.kill('SIGTERM')
  },
  60_000,
)

const FAILS = 'inject=fsync,fdatasync:error=EIO'
const TRACED = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=fsync,fdatasync']

/** Threads that checkpoint and sync, too. */
function isTraced(pid: number): boolean {
  const tasks = readdirSync(`/proc/${pid}/task`)
  return tasks.every((task) => /^TracerPid:\t[1-9]/m.test(readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8')))
}

function straceAbility(): Ability {
  const { status, error, stderr } = spawnSync(TRACED[0]!, [...TRACED.slice(1), 'true'], { encoding: 'utf8' })
  return { name: 'strace', works: status === 0, reason: error?.message ?? stderr.trim() }
}

testWhere(
  [straceAbility()],
  'D 82: an fsync that fails refuses its commit and all after it; the gateway exits with 74, and what was acknowledged is there',
  async () => {
    const config = { deadlines: { drainMs: 200 } }
    await using gateway = await TestGateway.start({ config })
    const session = await gateway.newSession()
    // What follows waits behind it: each commit with a sync is one accept.
    const { turn: first } = await gateway.client.prompt(session, { prompt: '@say out @hang' })
    await until(async () => (await gateway.text(session)) === 'out', { ...WAITS, what: () => 'the agent works' })
    const later = await Promise.all(range(1, 10).map((n) => gateway.client.prompt(session, { prompt: `later ${n}` })))
    const accepted = [first, ...later.map(({ turn }) => turn)].toSorted((a, b) => a.n - b.n).map(({ id }) => id)
    const tracer = spawn(TRACED[0]!, [...TRACED.slice(1), '-e', FAILS, '-p', String(gateway.pid)], { stdio: 'ignore' })
    const traced = new Promise((resolve) => tracer.once('close', resolve))
    await until(() => isTraced(gateway.pid), { ...WAITS, what: () => 'every thread is traced' })
    const refused = gateway.client.prompt(session, { prompt: 'refused' })
    await expect(refused).rejects.toMatchObject({ code: 'STORE_FAILED', status: 503 })
    expect(await gateway.died()).toEqual({ code: 74, signal: null })
    await traced
    expect(gateway.output).toContain('disk I/O error')
    await gateway.start()
    const { turns } = await gateway.client.listTurns(session, { limit: 200 })
    expect(turns.map(({ id }) => id).toReversed()).toEqual(accepted)
    expect((await gateway.client.verifyDatabase()).problems).toEqual([])
    await gateway.kill('SIGTERM')
  },
  60_000,
)

const CUTS = 50
const COMMITS = 60
const FRAME_BYTES = 24 + 4_096
const WAL_HEAD_BYTES = 32

interface Committed {
  readonly seq: number
  /** Where its last byte is in the WAL. */
  readonly end: number
}

/** Commits of one session, all of them in the WAL only, and a copy of the files as a kill would leave them. */
async function commitAndCopy(directory: string): Promise<{ no: number; commits: Committed[] }> {
  const file = join(directory, 'live.db')
  const clock = manualClock(NOW) // no checkpoint: a WAL that was copied into the database in part cannot be cut
  await using store = await openSqliteStore({ file, clock })
  await store.openNode(NODE, NOW)
  const { fence } = await ownSession(store)
  using looker = new DatabaseSync(file, { readOnly: true })
  const frames = (): number => Number(looker.prepare('PRAGMA wal_checkpoint(NOOP)').get()?.['log'])
  const commits: Committed[] = []
  for (const n of range(1, COMMITS)) {
    const events = range(1, 1 + (n % 7)).map((i) => write.event({ n, i, text: 'x'.repeat((n * 97) % 3_000) }))
    const stored = await store.commit(fence, n % 3 === 0 ? 'promise' : 'batch', events)
    commits.push({ seq: stored.at(-1)!.seq, end: WAL_HEAD_BYTES + frames() * FRAME_BYTES })
  }
  for (const suffix of ['', '-wal']) copyFileSync(`${file}${suffix}`, join(directory, `killed.db${suffix}`))
  return { no: fence.sessionNo, commits }
}

test('D 84: a WAL cut at 50 random places: the database opens with every commit that ended before the cut, whole, and nothing else', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'hf-wal-'))
  const { no, commits } = await commitAndCopy(directory)
  const first = commits[0]!.end
  const last = commits.at(-1)!.end
  for (const _ of range(1, CUTS)) {
    const cut = first + Math.floor(Math.random() * (last - first))
    const file = join(directory, 'cut.db')
    for (const suffix of ['', '-wal']) copyFileSync(join(directory, `killed.db${suffix}`), `${file}${suffix}`)
    truncateSync(`${file}-wal`, cut)
    await using store = await openSqliteStore({ file, clock: manualClock(NOW) })
    const expected = commits.findLast(({ end }) => end <= cut)!.seq
    expect(await readAll(store, no), `cut at ${cut}`).toEqual(range(1, expected))
    expect((await store.findSessionByNo(no))?.lastSeq, `cut at ${cut}`).toBe(expected)
  }
  rmSync(directory, { recursive: true })
})

function reserveIsThere(state: string): boolean {
  return (statSync(join(state, 'reserve'), { throwIfNoEntry: false })?.size ?? 0) > 0
}
