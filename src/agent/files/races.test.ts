// Somebody exchanges directories and files for links, in a tight loop, while they are read and written (reliability 7.2). A check of
// the real path before the use is beaten by this hundreds of times a second.

import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import type { SessionId } from '../../base/ids.ts'
import { canHoldEntries } from './held-entry.ts'
import { SessionFiles } from './session-files.ts'

const SECRET = 'SECRET'
/** Good requests of each kind: so many chances for an exchange in the middle of one. */
const GOOD_MIN = 60
const MS_MAX = 20_000

/** Each name is by turns what it was and a link to the same outside. */
const EXCHANGER = `
const { renameSync, symlinkSync, unlinkSync } = require('node:fs')
const { parentPort, workerData: { pairs, flag } } = require('node:worker_threads')
const stop = new Int32Array(flag)
let rounds = 0
parentPort.postMessage('up')
for (; Atomics.load(stop, 0) === 0; rounds++) {
  for (const [name, target] of pairs) {
    try {
      renameSync(name, name + '.real')
      symlinkSync(target, name)
      unlinkSync(name)
      renameSync(name + '.real', name)
    } catch {
      try { renameSync(name + '.real', name) } catch {}
    }
  }
}
parentPort.postMessage(rounds)
`

let home: string
let root: string
let outside: string

beforeEach(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), 'hf-race-')))
  root = join(home, 'work')
  outside = join(home, 'outside')
  await mkdir(join(root, 'dir', 'deep'), { recursive: true })
  await mkdir(join(outside, 'deep'), { recursive: true })
  await writeFile(join(root, 'dir', 'deep', 'f'), 'inside')
  await writeFile(join(root, 'f'), 'inside')
  for (const name of ['f', 'deep/f']) await writeFile(join(outside, name), SECRET)
})
afterEach(() => rm(home, { recursive: true, force: true }))

/** Runs `work` while names are exchanged; gives back how often they were. */
async function whileExchanging(
  names: readonly (readonly [string, string])[],
  work: () => Promise<void>,
): Promise<number> {
  const flag = new SharedArrayBuffer(4)
  const pairs = names.map(([name, target]) => [join(root, name), join(outside, target)])
  const worker = new Worker(EXCHANGER, { eval: true, workerData: { pairs, flag } })
  const said = (): Promise<unknown> =>
    new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  await said()
  const rounds = said()
  try {
    await work()
  } finally {
    Atomics.store(new Int32Array(flag), 0, 1)
    await rounds
    await worker.terminate()
  }
  return Number(await rounds)
}

describe.runIf(canHoldEntries())('files whose names are exchanged', () => {
  test.for([
    ['a directory on the way', 'dir/deep/f', [['dir', '.']]],
    ['the last directory', 'dir/deep/f', [['dir/deep', 'deep']]],
    ['the file itself', 'f', [['f', 'f']]],
  ] as const)('%s: nothing outside is read or written (H 135)', async ([, name, pairs]) => {
    const own = { directories: [], files: [] }
    const names = { sessionId: 'ses_1' as SessionId, generation: 1, life: 0 }
    const files = new SessionFiles({ access: 'write', directories: [root], own, ...names })
    const params = { sessionId: 's1', path: join(root, name) }
    const good = { reads: 0, writes: 0 }
    const isEnough = (): boolean => good.reads >= GOOD_MIN && good.writes >= GOOD_MIN
    const until = performance.now() + MS_MAX
    const seen = new Set<unknown>()
    const rounds = await whileExchanging(pairs, async () => {
      for (let line = 1; !isEnough() && performance.now() < until; line += 2) {
        const read = await files.answer({ method: 'fs/read_text_file', params, line })
        const content = `inside ${line}`
        const written = await files.answer({
          method: 'fs/write_text_file',
          params: { ...params, content },
          line: line + 1,
        })
        if (read.kind === 'result') seen.add(read.result['content'])
        if (read.kind === 'result') good.reads++
        if (written.kind === 'result') good.writes++
      }
    })
    await files.release()
    expect(rounds).toBeGreaterThan(GOOD_MIN)
    expect(isEnough(), JSON.stringify(good)).toBe(true)
    expect([...seen].filter((text) => !String(text).startsWith('inside'))).toEqual([])
    expect((await readdir(outside, { recursive: true })).toSorted()).toEqual(['deep', 'deep/f', 'f'])
    for (const file of ['f', 'deep/f']) expect(await readFile(join(outside, file), 'utf8')).toBe(SECRET)
  })
})
