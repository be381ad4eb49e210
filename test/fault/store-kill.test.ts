// kill -9 in the middle of committing: what was acknowledged is stored, gapless, and every chain is whole.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { TurnId } from '../../src/base/ids.ts'
import { openSqliteStore } from '../../src/store/open-sqlite-store.ts'
import type { Store } from '../../src/store/store.ts'
import { range, readAll } from '../conformance/store/records.ts'

const ROUNDS = 10
const WRITER = fileURLToPath(new URL('./store-writer.ts', import.meta.url))

interface Acknowledged {
  readonly seqs: Map<number, number>
  readonly turns: TurnId[]
  commits: number
}

describe('a store whose process is killed while it commits', () => {
  let directory = ''
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-kill-'))
  })
  afterAll(() => {
    rmSync(directory, { recursive: true })
  })

  // One file for all rounds: each round also proves that the store goes on after the kill before it.
  test.each(range(1, ROUNDS))('round %i: acknowledged is stored, without gap and whole', async (round) => {
    const file = join(directory, 'store.db')
    const acknowledged = await writeUntilKilled(file, 20 + Math.floor(Math.random() * 400))
    await using store = await openSqliteStore({ file })
    await expectStored(store, acknowledged)
    expect((await store.openNode('local', 0)).epoch).toBe(2 * round)
  })
})

test.skipIf(process.platform === 'win32')(
  'a store whose disk refuses to grow stops writing and keeps what it acknowledged',
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'holdfast-full-'))
    const file = join(directory, 'store.db')
    // Node ignores SIGXFSZ, so a write beyond the limit (6 MB) fails as on a full disk.
    const args = ['-c', 'ulimit -f 12000; exec "$0" "$@"', process.execPath, WRITER, file]
    const child = spawn('sh', args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const acknowledged = listen(child)
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    const [code] = (await once(child, 'close')) as [number | null]
    expect(code).toBe(1)
    expect(said).toContain('STORE_FAILED')
    await using store = await openSqliteStore({ file })
    await expectStored(store, acknowledged)
    rmSync(directory, { recursive: true })
  },
)

/** Ends the writer after `commits` acknowledged commits; returns all that it said, to the last whole line. */
async function writeUntilKilled(file: string, commits: number): Promise<Acknowledged> {
  const child = spawn(process.execPath, [WRITER, file], { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  const acknowledged = listen(child, () => {
    if (acknowledged.commits >= commits) child.kill('SIGKILL')
  })
  await closed
  expect(child.signalCode).toBe('SIGKILL')
  return acknowledged
}

/** Takes whole lines only, as they come. */
function listen(child: { readonly stdout: Readable }, heard: () => void = () => {}): Acknowledged {
  const acknowledged: Acknowledged = { seqs: new Map(), turns: [], commits: 0 }
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()!
    for (const line of lines) note(acknowledged, line)
    heard()
  })
  return acknowledged
}

function note(acknowledged: Acknowledged, line: string): void {
  const [no, , seq, turnId] = line.split(' ')
  acknowledged.commits += 1
  acknowledged.seqs.set(Number(no), Number(seq))
  if (turnId !== '-') acknowledged.turns.push(turnId as TurnId)
}

async function expectStored(store: Store, acknowledged: Acknowledged): Promise<void> {
  for (const [no, seq] of acknowledged.seqs) {
    const stored = await readAll(store, no, 500)
    expect(stored).toEqual(range(1, stored.length))
    expect(stored.length).toBeGreaterThanOrEqual(seq)
  }
  await expectTurns(store, acknowledged.turns)
  expect(await store.verify()).toEqual([])
}

/** A turn that was named once was accepted, twice: ended. */
async function expectTurns(store: Store, named: readonly TurnId[]): Promise<void> {
  expect(named.length).toBeGreaterThan(0)
  for (const id of new Set(named)) {
    const isEnded = named.filter((one) => one === id).length === 2
    const turn = await store.findTurn(id)
    expect(turn).toBeDefined()
    if (isEnded) expect(turn!.outcome).toBeDefined()
  }
}
