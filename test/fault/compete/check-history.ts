// Replays a transcript file against what its writers said. Shares no code with the store: its own reading of lines and checksums.

import { readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'

import type { Held } from './contender-process.ts'

const TAIL = /,"crc":"([0-9a-f]{8})"\}$/

interface Line {
  readonly seq: number
  readonly type: string
  readonly epoch: number
  readonly body: { readonly pid: number }
}

/** What is wrong, one sentence each; empty when the file is whole, each entry is of the writer of its epoch, and no two held the lock at once. */
export function checkHistory(file: string, holds: readonly Held[]): string[] {
  const text = readFileSync(file, 'utf8')
  if (!text.endsWith('\n')) return ['the file has a torn tail']
  const [, ...lines] = text.trimEnd().split('\n')
  const entries = lines.map((line) => JSON.parse(line) as Line)
  return [...checkChain(lines), ...checkWriters(entries), ...checkStored(entries, holds), ...checkOverlap(holds)]
}

export function countEntries(file: string): number {
  return readFileSync(file, 'utf8').split('\n').length - 2
}

function checkChain(lines: readonly string[]): string[] {
  let previous = 0
  return lines.flatMap((line, n) => {
    const stored = Number.parseInt(TAIL.exec(line)?.[1] ?? '', 16)
    const actual = crc32(line.replace(TAIL, ''), previous)
    previous = stored
    return actual === stored ? [] : [`line ${n + 2} has another checksum than its bytes`]
  })
}

function checkWriters(entries: readonly Line[]): string[] {
  let epoch = 0
  let writer = 0
  return entries.flatMap(({ seq, type, epoch: claimed, body }, n) => {
    const wrong = seq === n + 1 ? [] : [`entry ${n + 1} has the number ${seq}`]
    if (type === 'attempt') {
      epoch++
      writer = body.pid
    }
    if (claimed !== epoch) wrong.push(`entry ${seq} is of epoch ${claimed} while ${epoch} may write`)
    if (type === 'message' && body.pid !== writer)
      wrong.push(`entry ${seq} is of ${body.pid} while ${writer} may write`)
    return wrong
  })
}

function checkStored(entries: readonly Line[], holds: readonly Held[]): string[] {
  return holds.flatMap(({ seq, epoch, pid }) => {
    const entry = entries[seq - 1]
    const isThere = entry?.epoch === epoch && entry.body.pid === pid
    return isThere ? [] : [`entry ${seq} of ${pid} was acknowledged and is not there`]
  })
}

function checkOverlap(holds: readonly Held[]): string[] {
  const sorted = holds.toSorted((a, b) => a.from - b.from)
  return sorted.flatMap((hold, n) => {
    const before = sorted[n - 1]
    return before === undefined || before.to <= hold.from ? [] : [`${before.pid} and ${hold.pid} held the lock at once`]
  })
}
