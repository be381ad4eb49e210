// The tables of the fault battery and of the traps are true: every number has a row, and every row names a test that exists.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const NUMBERS = [
  ...numbers('A', 1, 26),
  ...numbers('B', 27, 41),
  ...numbers('C', 42, 75),
  ...numbers('D', 76, 92),
  ...numbers('F', 113, 126),
  ...numbers('H', 135, 135),
]
const TRAPS = numbers('T', 1, 24, '')
const ALL = [...NUMBERS, ...TRAPS]

function numbers(letter: string, from: number, to: number, gap = ' '): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => `${letter}${gap}${from + i}`)
}

interface Row {
  readonly number: string
  readonly file: string
  /** What the name of the test holds. */
  readonly name: string
}

function readRows(table: string): Row[] {
  return table.split('\n').flatMap((line) => {
    const match = /^\| ([ABCDFH] \d+|T\d+) \|.*\| `([^`]+)`: (.+) \|$/.exec(line)
    return match ? [{ number: match[1]!, file: match[2]!, name: match[3]! }] : []
  })
}

/** One line per row without its test. `read` gives the text of a file, undefined when there is none. */
function findMissing(rows: readonly Row[], read: (file: string) => string | undefined): string[] {
  const listed = new Set(rows.map(({ number }) => number))
  return [
    ...ALL.filter((number) => !listed.has(number)).map((number) => `${number} has no row`),
    ...rows
      .filter(({ file, name }) => !namesOf(read(file) ?? '').some((each) => holds(each, name)))
      .map(({ number, file, name }) => `${number}: ${file} has no test "${name}"`),
  ]
}

/** Names of tests, and numbers of cases of a table of them. Comments do not count. */
function namesOf(source: string): string[] {
  const code = source.replaceAll(/^\s*\/\/.*$/gm, '')
  return [...code.matchAll(/(['"`])((?:(?!\1).)*\b(?:[ABCDFH] |T)\d+(?:(?!\1).)*)\1/g)].map((match) => match[2]!)
}

/** `A 1` is not `A 12`. */
function holds(testName: string, name: string): boolean {
  const at = testName.indexOf(name)
  return at !== -1 && !/^\d/.test(testName.slice(at + name.length))
}

const isTrap = (number: string): boolean => number.startsWith('T')

const readFile = (file: string): string | undefined => {
  const path = join(ROOT, file)
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}
const rows = readRows(readFileSync(join(ROOT, 'docs/fault-battery.md'), 'utf8'))

test('A 1 to 26, B 27 to 41, C 42 to 75, D 76 to 92, F 113 to 126 and H 135 each have a row in docs/fault-battery.md that names a test that exists', () => {
  expect(findMissing(rows, readFile)).toEqual([])
  expect(rows.filter(({ number }) => NUMBERS.includes(number))).toHaveLength(NUMBERS.length)
})

test('T1 to 24 each have one row, and it names a test that has the number in its name', () => {
  const traps = rows.filter(({ number }) => isTrap(number))
  expect(traps.map(({ number }) => number)).toEqual(TRAPS)
  expect(traps.filter(({ number, name }) => !holds(name, number))).toEqual([])
})

test('a number without a row, a row whose file is gone, and one whose test is gone or only in a comment are each named', () => {
  const file = 'test/fault/close.test.ts'
  const row = { number: 'A 1', file, name: 'A 1' }
  const missing = (text: string | undefined): string[] =>
    findMissing([row], () => text).filter((line) => line.includes(file))
  expect(missing("test('A 1: gone')")).toEqual([])
  for (const text of [undefined, "test('A 12: gone')", "// test('A 1: gone')"]) expect(missing(text)).toHaveLength(1)
  expect(findMissing([row], () => "test('A 1')")).toHaveLength(ALL.length - 1)
  const trap = { number: 'T1', file, name: 'T1' }
  expect(findMissing([trap], () => "test('all of them (T1, T6)')")).toHaveLength(ALL.length - 1)
  expect(findMissing([trap], () => "test('T16: another')")).toContain(`T1: ${file} has no test "T1"`)
})
