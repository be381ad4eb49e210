// Lines that nobody has stored yet: in memory, in the file, in part acknowledged; and a file that cannot be written.

import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { decodeLines } from '../../base/line-framer.ts'
import { OutputSpool } from './output-spool.ts'

let directory: string
let path: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hf-spool-'))
  path = join(directory, '1.lines')
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

/** Adds the lines `n <from>` … `n <to>` as one segment. */
function add(spool: OutputSpool, from: number, to: number, memoryBytesMax = Infinity): void {
  const lines = Array.from({ length: to - from + 1 }, (_, i) => `n ${from + i}\n`)
  spool.add({ count: lines.length, bytes: Buffer.from(lines.join('')) }, memoryBytesMax)
}

/** Every line with a number greater than `after`, as a reader would put them together. */
function readAfter(spool: OutputSpool, after: number): string[] {
  const all: string[] = []
  let told = after
  for (let got = spool.read(told); got !== undefined; got = spool.read(told)) {
    const lines = decodeLines(got.bytes)
    expect(lines).toHaveLength(got.count)
    all.push(...lines.slice(told - got.first + 1))
    told = got.first + got.count - 1
  }
  return all
}

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, i) => `n ${from + i}`)

describe('output spool in memory', () => {
  test('lines are numbered from 1 and read from anywhere, without making a file', () => {
    const spool = new OutputSpool(path)
    add(spool, 1, 3)
    add(spool, 4, 4)
    add(spool, 5, 9)
    expect(spool.lines).toBe(9)
    for (let after = 0; after <= 9; after++) expect(readAfter(spool, after)).toEqual(numbers(after + 1, 9))
    expect(existsSync(path)).toBe(false)
    spool.close()
  })

  test('an acknowledgement in the middle of a segment keeps the segment and counts its lines as acknowledged', () => {
    const spool = new OutputSpool(undefined)
    add(spool, 1, 3)
    add(spool, 4, 6)
    spool.acknowledge(4)
    expect(spool).toMatchObject({ acknowledged: 4, bytes: 12, freedBytes: 12, lines: 6 })
    expect(spool.read(4)).toMatchObject({ first: 4, count: 3 })
    spool.acknowledge(2)
    expect(spool.acknowledged).toBe(4)
    spool.acknowledge(6)
    expect(spool).toMatchObject({ acknowledged: 6, bytes: 0, freedBytes: 24 })
    expect(spool.read(6)).toBeUndefined()
  })

  test('more than there is cannot be acknowledged: what comes later is still read', () => {
    const spool = new OutputSpool(undefined)
    add(spool, 1, 2)
    spool.acknowledge(1_000)
    expect(spool.acknowledged).toBe(2)
    add(spool, 3, 3)
    expect(readAfter(spool, 2)).toEqual(['n 3'])
  })
})

describe('output spool in a file', () => {
  test('what memory has no room for goes to a file of mode 0600 and comes back exactly, in order with the rest', () => {
    const spool = new OutputSpool(path)
    add(spool, 1, 10, 60)
    add(spool, 11, 500, 60)
    add(spool, 501, 502, 60)
    add(spool, 503, 503, Infinity)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(path).size).toBe(spool.bytes - 41 - 12 - 6)
    expect(readAfter(spool, 0)).toEqual(numbers(1, 503))
    expect(readAfter(spool, 250)).toEqual(numbers(251, 503))
    spool.close()
  })

  test('the file is emptied once all of it was acknowledged, and used again', () => {
    const spool = new OutputSpool(path)
    add(spool, 1, 50, 0)
    add(spool, 51, 60, 0)
    spool.acknowledge(50)
    expect(statSync(path).size).toBeGreaterThan(0)
    spool.acknowledge(60)
    expect(statSync(path).size).toBe(0)
    add(spool, 61, 70, 0)
    expect(readAfter(spool, 60)).toEqual(numbers(61, 70))
    spool.close()
  })

  test('closing removes the file; calls that come late do nothing', () => {
    const spool = new OutputSpool(path)
    add(spool, 1, 50, 0)
    spool.close()
    expect(existsSync(path)).toBe(false)
    spool.acknowledge(50)
    spool.close()
    expect(spool.read(0)).toBeUndefined()
  })

  test.each([
    ['a directory that is not there', (): string => join(directory, 'no', 'such', '1.lines')],
    ['a path that is taken', (): string => (mkdirSync(path), path)],
    ['a disk that is full', (): string => '/dev/full'],
  ])('%s: everything stays in memory', (_, pathOf) => {
    const spool = new OutputSpool(pathOf())
    add(spool, 1, 10, 0)
    add(spool, 11, 20, 0)
    expect(readAfter(spool, 0)).toEqual(numbers(1, 20))
    spool.acknowledge(15)
    expect(readAfter(spool, 15)).toEqual(numbers(16, 20))
    spool.close()
    expect(existsSync('/dev/full')).toBe(true)
  })

  test('a file of somebody else at the path is neither written nor removed', () => {
    mkdirSync(path)
    chmodSync(path, 0o700)
    const spool = new OutputSpool(path)
    add(spool, 1, 10, 0)
    spool.close()
    expect(existsSync(path)).toBe(true)
  })
})

describe('output spool of bytes', () => {
  /** Everything after number `after`, piece by piece. */
  const bytesAfter = (spool: OutputSpool, after: number): string[] => {
    const pieces: string[] = []
    let told = after
    for (let got = spool.read(told); got !== undefined; got = spool.read(told)) {
      expect(got).toMatchObject({ first: told + 1, count: got.bytes.length })
      pieces.push(got.bytes.toString())
      told += got.count
    }
    return pieces
  }
  const put = (spool: OutputSpool, text: string, memoryBytesMax = Infinity): void =>
    spool.add({ count: text.length, bytes: Buffer.from(text) }, memoryBytesMax)

  test('small pieces are joined, and read from any byte on', () => {
    const spool = new OutputSpool(undefined, true)
    for (const byte of 'abcdefgh') put(spool, byte)
    expect(bytesAfter(spool, 0)).toEqual(['abcdefgh'])
    for (let after = 0; after <= 8; after++) expect(bytesAfter(spool, after).join('')).toBe('abcdefgh'.slice(after))
    expect(spool).toMatchObject({ lines: 8, bytes: 8 })
  })

  test('a piece that was read is not changed by what comes after it', () => {
    const spool = new OutputSpool(undefined, true)
    put(spool, 'ab')
    const read = spool.read(0)
    put(spool, 'cd')
    expect(read?.bytes.toString()).toBe('ab')
    expect(bytesAfter(spool, 2)).toEqual(['cd'])
  })

  test('a joined piece has a bound, and its room is free once its last byte was acknowledged', () => {
    const spool = new OutputSpool(undefined, true)
    for (let n = 0; n < 10_000; n++) put(spool, 'x')
    expect(bytesAfter(spool, 0).map(({ length }) => length)).toEqual([4_096, 4_096, 1_808])
    spool.acknowledge(4_095)
    expect(spool).toMatchObject({ acknowledged: 4_095, bytes: 10_000 })
    spool.acknowledge(4_096)
    expect(spool).toMatchObject({ bytes: 5_904, freedBytes: 4_096 })
    expect(bytesAfter(spool, 4_096).join('')).toHaveLength(5_904)
  })

  test('what is in the file is not joined, and comes back as it was', () => {
    const spool = new OutputSpool(path, true)
    put(spool, 'abc', 3)
    put(spool, 'def', 3)
    put(spool, 'g', 3)
    expect(bytesAfter(spool, 1)).toEqual(['bc', 'def', 'g'])
    spool.close()
  })
})
