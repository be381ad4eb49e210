// Reads the source files of one tree from disk and gathers violations and counts.

import { readFileSync, globSync } from 'node:fs'
import { join } from 'node:path'

import { checkSource } from './check-source.ts'
import type { Violation } from './check-source.ts'
import { parseSource } from './parse-source.ts'
import { LINES_WARN } from './table.ts'

export interface TreeReport {
  readonly violations: readonly Violation[]
  /** Files under src that are not tests: what the minimum is about. */
  readonly sourceFiles: number
  readonly files: number
  readonly longFiles: readonly { readonly path: string; readonly lines: number }[]
}

/** Checks every .ts file under src, builtin-agent, test, tools and bench of `root`, except generated ones. */
export function checkTree(root: string): TreeReport {
  const paths = globSync('{src,builtin-agent,test,tools,bench}/**/*.ts', {
    cwd: root,
    exclude: (name) => name === 'node_modules',
  })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !/\.gen\.|\.d\.ts$/.test(path))
    .toSorted()
  const violations: Violation[] = []
  const longFiles: { path: string; lines: number }[] = []
  for (const path of paths) {
    const facts = parseSource(path, readFileSync(join(root, path), 'utf8'))
    violations.push(...checkSource(path, facts))
    if (facts.lines > LINES_WARN && !path.endsWith('.test.ts')) longFiles.push({ path, lines: facts.lines })
  }
  const sourceFiles = paths.filter((path) => path.startsWith('src/') && !path.endsWith('.test.ts')).length
  return { violations, sourceFiles, files: paths.length, longFiles }
}
