// What a list shows of one transcript, from a glance at the file's two ends; for files that the list does not know yet.

import { closeSync, fstatSync, openSync } from 'node:fs'

import { rawLines, readFully } from './chain-reader.ts'
import { decodeEntry, decodeHeader } from './line-format.ts'
import type { TranscriptSummary } from '../port.ts'

const END_BYTES = 64 * 1024
const LF = 0x0a

/** Undefined when there is no readable header. A title between the two ends is not found. Errors of the system call. */
export function glanceAt(file: string): TranscriptSummary | undefined {
  const fd = openSync(file, 'r')
  try {
    const { size, mtimeMs } = fstatSync(fd)
    const header = readHeader(fd, size)
    if (header === undefined) return undefined
    const title = findTitle(fd, Math.max(0, size - END_BYTES), size) ?? findTitle(fd, 0, Math.min(size, END_BYTES))
    return {
      id: header.id,
      cwd: header.cwd,
      createdAt: header.created,
      updatedAt: Math.floor(mtimeMs),
      ...(title !== undefined && { title }),
      ...(header.parent && { parent: header.parent.id }),
    }
  } finally {
    closeSync(fd)
  }
}

function readHeader(fd: number, size: number): ReturnType<typeof headerOf> {
  const head = readFully(fd, 0, Math.min(size, END_BYTES))
  return headerOf(head.subarray(0, Math.max(0, head.indexOf(LF))))
}

function headerOf(line: Buffer) {
  const decoded = decodeHeader(line)
  return 'id' in decoded ? decoded : undefined
}

/** The last title that is set in the range; a line that is cut at its beginning is no entry. */
function findTitle(fd: number, from: number, end: number): string | undefined {
  let title: string | undefined
  for (const batch of rawLines(fd, from, end)) {
    for (const { bytes } of batch) {
      if (!/^\{"seq":\d+,"type":"title"/.test(bytes.toString('latin1', 0, 40))) continue
      const said = decodeEntry(bytes)?.body['title']
      if (typeof said === 'string') title = said
    }
  }
  return title
}
