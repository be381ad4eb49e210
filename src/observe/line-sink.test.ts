// The bound of the buffer, seen with a pipe nobody reads.

import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { createLineSink } from './line-sink.ts'

test('a reader that does not read costs lines beyond the bound, and flush still ends', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sink-'))
  const path = join(folder, 'pipe')
  execFileSync('mkfifo', [path])
  const fd = openSync(path, constants.O_RDWR)
  try {
    const sink = createLineSink(fd, 200_000)
    const line = `${'x'.repeat(999)}\n`
    for (let i = 0; i < 300; i++) sink.write(line)
    expect(sink.dropped()).toBe(100)
    await sink.flush(50)
    drain(fd, 200_000)
    await sink.flush(2_000)
    sink.write(line)
    await sink.flush(2_000)
    expect(sink.dropped()).toBe(100)
    drain(fd, 1_000)
  } finally {
    closeSync(fd)
    rmSync(folder, { recursive: true })
  }
})

function drain(fd: number, bytes: number): void {
  const buffer = Buffer.alloc(bytes)
  let left = bytes
  while (left > 0) left -= readSync(fd, buffer, 0, left, null)
}
