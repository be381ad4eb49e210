// The table of docs/acp-client.md is true: every number has one row, and a row names tests that exist, or says why there are none.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const NUMBERS = [...numbers('C', 79), ...numbers('X', 42)]
/** Shorter ones say nothing. */
const REASON_CHARS_MIN = 30

function numbers(letter: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${letter}-${String(i + 1).padStart(2, '0')}`)
}

interface Row {
  readonly number: string
  /** The last cell: tests, or the reason why there are none. */
  readonly proof: string
}

function readRows(table: string): Row[] {
  return table.split('\n').flatMap((line) => {
    const match = /^\| ([CX]-\d+) \| .+ \| (.+) \|$/.exec(line)
    return match ? [{ number: match[1]!, proof: match[2]! }] : []
  })
}

/** One line for each thing that is wrong with a row. `read` gives the text of a file, undefined when there is none. */
function findFaults({ number, proof }: Row, read: (file: string) => string | undefined): string[] {
  const reason = /^(?:no|in part): (.*)$/.exec(proof)?.[1]
  if (reason !== undefined) return reason.length < REASON_CHARS_MIN ? [`${number} has no reason`] : []
  return proof.split(' <br> ').flatMap((one) => {
    const { file, name } = /^`(?<file>[^`]+\.test\.ts)`: (?<name>.+)$/.exec(one)?.groups ?? {}
    if (file === undefined || name === undefined) return [`${number}: "${one}" is neither a test nor a reason`]
    const isThere = titlesIn(read(file) ?? '').some((title) => beginsWith(title, name))
    return isThere ? [] : [`${number}: ${file} has no test "${name}"`]
  })
}

/** Every text of one line in `source`: titles of tests, and of the cases of a table of them. Comments do not count. */
function titlesIn(source: string): string[] {
  const code = source.replaceAll(/^\s*\/\/.*$/gm, '')
  return [...code.matchAll(/(['"`])((?:\\.|(?!\1).)*)\1/g)].map((match) => match[2]!)
}

/** With whole words: `X-1` does not begin `X-12: a line`. */
function beginsWith(title: string, name: string): boolean {
  return title.startsWith(name) && !/^[\p{L}\d]/u.test(title.slice(name.length))
}

const readFile = (file: string): string | undefined => {
  const path = join(ROOT, file)
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

test('C-01 to C-79 and X-01 to X-42 have one row each in docs/acp-client.md, which names tests that exist or says why not', () => {
  const rows = readRows(readFile('docs/acp-client.md') ?? '')
  expect(rows.map(({ number }) => number)).toEqual(NUMBERS)
  expect(rows.flatMap((row) => findFaults(row, readFile))).toEqual([])
})

test('a test that is gone, renamed, or only in a comment, a file that is gone, and a reason that says nothing are each found', () => {
  const row = { number: 'C-01', proof: '`src/a.test.ts`: C-01 the first <br> `src/a.test.ts`: X-33 the last' }
  const faults = (text: string | undefined): string[] => findFaults(row, () => text)
  const both = "test('C-01 the first message', f)\ntest(`X-33 the last ${word}`, f)"
  expect(faults(both)).toEqual([])
  expect(faults(both.replace('first', 'only'))).toEqual(['C-01: src/a.test.ts has no test "C-01 the first"'])
  expect(faults(both.replace('the last', 'the lasting'))).toHaveLength(1)
  expect(faults(both.replace('test(`', '// test(`'))).toHaveLength(1)
  expect(faults(undefined)).toHaveLength(2)
  for (const proof of ['no: later', 'in part: ', 'yes', '`src/a.ts`: C-01 the first'])
    expect(findFaults({ number: 'C-01', proof }, () => both)).toHaveLength(1)
})
