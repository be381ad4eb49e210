// Transcripts where the machine fails: a file that may not grow, and holders that end in every way.

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

import { message, TestTranscripts, textsOf } from '../_support/test-transcripts.ts'
import { ContenderProcess } from './compete/contender-process.ts'

const FILLER = fileURLToPath(new URL('./transcript-filler.ts', import.meta.url))

test('W2: a write that the disk takes only a part of is taken back, ends the attempt, and the next one goes on', async () => {
  await using world = new TestTranscripts()
  const transcript = await world.store.create({ cwd: '/w' })
  // 512 bytes a block for some shells, 1024 for others: a write is cut in both.
  const command = `ulimit -f 200 && exec "$0" "$@"`
  const args = ['-c', command, process.execPath, FILLER, world.directory, transcript.id]
  const { stdout } = await promisify(execFile)('sh', args)
  const { stored, outcomes } = JSON.parse(stdout) as { stored: number; outcomes: string[] }
  expect(stored).toBeGreaterThan(20)
  expect(outcomes).toEqual(['TRANSCRIPT_FAILED', 'TRANSCRIPT_TAKEN_OVER', 'TRANSCRIPT_TAKEN_OVER'])
  expect(readFileSync(transcript.file, 'utf8')).toMatch(/\}\n$/)
  const next = await transcript.begin()
  await next.append([message('room again')])
  expect(textsOf(transcript.entries).length).toBe(stored + 1)
  expect(world.said).toEqual([])
})

test.for([
  ['SIGTERM', (holder: ContenderProcess) => holder.kill('SIGTERM')],
  ['SIGINT', (holder: ContenderProcess) => holder.kill('SIGINT')],
  ['an exit of its own', (holder: ContenderProcess) => holder.end()],
] as const)('the lock of a holder is free after %s, and nothing else of it has to be cleared away', async ([, end]) => {
  await using world = new TestTranscripts()
  const { id } = await world.store.create({ cwd: '/w' })
  const transcript = await world.store.open(id)
  const holder = new ContenderProcess({ directory: world.directory, id, role: 'agent', seed: 1 }, () => {})
  try {
    await holder.next('ready')
    await holder.ask({ do: 'hang', isTorn: false }, 'hanging')
    const held = { code: 'SESSION_LOCKED', details: { pid: holder.pid, liveness: 'running', stage: 'compact' } }
    await expect(transcript.begin({ waitMs: 0 })).rejects.toMatchObject(held)
    const waiting = transcript.begin({ waitMs: 10_000 })
    await end(holder)
    expect((await waiting).epoch).toBe(2)
  } finally {
    await holder.kill('SIGKILL')
  }
})
