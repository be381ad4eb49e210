// The layer check is trusted only while it finds every planted violation and counts what it saw.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { checkSource } from './layers/check-source.ts'
import { parseSource } from './layers/parse-source.ts'
import { checkPlants, PLANTS } from './layers/planted.ts'

const TOOL = join(import.meta.dirname, 'check-layers.ts')

function rulesOf(path: string, text: string): string[] {
  return checkSource(path, parseSource(path, `// Header.\n${text}`)).map((violation) => violation.rule)
}

test('every planted violation is found, and nothing else', () => {
  expect(checkPlants()).toEqual([])
})

test('every rule has a plant', () => {
  const planted = new Set(PLANTS.map((plant) => plant.rule))
  for (const rule of [
    'layer',
    'escape',
    'extension',
    'module-owner',
    'process-owner',
    'signal-owner',
    'barrel',
    'length',
  ]) {
    expect(planted).toContain(rule)
  }
})

describe('what counts as an import', () => {
  test.each([
    ["import '../api/b.ts'"],
    ["import b, { c } from '../api/b.ts'"],
    ["import type { b } from '../api/b.ts'"],
    ["import {\n  b,\n} from '../api/b.ts'\nexport const a = b"],
    ["export { b } from '../api/b.ts'\nexport const a = 1"],
    ["export const a = await import('../api/b.ts')"],
    ['export const a = await import(`../api/b.ts`)'],
    ["export type A = typeof import('../api/b.ts')"],
  ])('%s', (text) => {
    expect(rulesOf('src/session/a.ts', text)).toEqual(['layer'])
  })

  test.each([
    ["// import '../api/b.ts'"],
    ['export const a = "import \'../api/b.ts\'"'],
    ["/* import '../api/b.ts' */"],
  ])('not %s', (text) => {
    expect(rulesOf('src/session/a.ts', text)).toEqual([])
  })
})

test('a violation names its line', () => {
  const text = "// Header.\n\nimport { b } from '../api/b.ts'\nexport const a = b\n"
  expect(checkSource('src/session/a.ts', parseSource('a.ts', text))).toMatchObject([{ line: 3, rule: 'layer' }])
})

test('a file without a header comment is refused', () => {
  const rules = checkSource('src/base/a.ts', parseSource('a.ts', 'export const a = 1\n')).map(({ rule }) => rule)
  expect(rules).toEqual(['header'])
})

describe('the command', () => {
  let root: string
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'layers-'))
    mkdirSync(join(root, 'src/base'), { recursive: true })
  })
  afterEach(() => rmSync(root, { recursive: true }))

  const plantFiles = (count: number): void => {
    for (let i = 0; i < count; i++)
      writeFileSync(join(root, `src/base/file-${i}.ts`), `// File.\nexport const a${i} = ${i}\n`)
  }
  const run = (): { status: number | null; stdout: string } => {
    return spawnSync(process.execPath, [TOOL, root], { encoding: 'utf8', timeout: 15_000 })
  }

  test('passes over enough clean files', () => {
    plantFiles(60)
    expect(run()).toMatchObject({ status: 0, stdout: '60 files checked, 0 violations\n' })
  })

  test('fails when it saw too few files', () => {
    plantFiles(59)
    expect(run().stdout).toContain('only 59 source files seen')
    expect(run().status).toBe(1)
  })

  test('fails on one violation', () => {
    plantFiles(60)
    writeFileSync(join(root, 'src/base/bad.ts'), "// Bad.\nimport { b } from '../store/b.ts'\nexport const a = b\n")
    expect(run()).toMatchObject({ status: 1, stdout: expect.stringContaining('src/base/bad.ts:2 layer') as string })
  })
})
