// What the JavaScript engine wrote into the log of a gateway when it gave up: it tells nobody else.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

const TAIL_BYTES = 128 * 1024
const CHARS_MAX = 200

/**
 * The engine's last line behind the last line of the process `pid`, and before the first one of another; undefined when it said
 * nothing, or the end of the log does not reach back so far.
 */
export function readLastWords(logFile: string, pid: number): string | undefined {
  const lines = readTail(logFile).split('\n')
  // Lines of ours, and those with which the engine begins its last words.
  const last = lines.findLastIndex((line) => line.includes(`"pid":${pid},`) || line.includes(`[${pid}:0x`))
  if (last === -1) return undefined
  for (const line of lines.slice(last + 1)) {
    if (line.startsWith('{')) return undefined
    const words = /FATAL ERROR: (.*)/.exec(line)?.[1]
    if (words !== undefined) return `the JavaScript engine gave up: ${words.trim().slice(0, CHARS_MAX)}`
  }
  return undefined
}

function readTail(file: string): string {
  let fd: number | undefined
  try {
    fd = openSync(file, 'r')
    const { size } = fstatSync(fd)
    const buffer = Buffer.alloc(Math.min(size, TAIL_BYTES))
    const bytes = readSync(fd, buffer, 0, buffer.length, size - buffer.length)
    return buffer.toString('utf8', 0, bytes)
  } catch {
    return ''
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
