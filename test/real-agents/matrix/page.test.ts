// The page of the matrix says what the results say.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { findCatalogEntry } from '../../../src/agent/catalog/catalog.ts'
import { MATRIX_AGENTS } from './agents.ts'
import { matrixPage } from './page.ts'
import type { AgentResult } from './run-agent.ts'

const results = JSON.parse(readFileSync(join(import.meta.dirname, 'results.gen.json'), 'utf8')) as AgentResult[]

test('docs/agent-matrix.md is what the stored results render to', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/agent-matrix.md'), 'utf8')
  expect(matrixPage(results)).toBe(page)
})

test('every agent of the matrix has a result, of the packages that are pinned now', () => {
  const pinned = MATRIX_AGENTS.map(({ id, packages }) => ({ id, packages }))
  expect(results.map(({ id, packages }) => ({ id, packages }))).toEqual(pinned)
})

test('every agent of the matrix is in the catalog, in the version that was tried', () => {
  const versions = (packages: readonly string[] = []): string[] => packages.map((one) => one.replace(/^.+@/, ''))
  const tried = MATRIX_AGENTS.map(({ id, packages }) => [id, versions(packages)])
  expect(MATRIX_AGENTS.map(({ id }) => [id, versions(findCatalogEntry(id)?.packages)])).toEqual(tried)
})

const ONE: AgentResult = {
  id: 'one',
  title: 'One',
  packages: ['one@1.0.0'],
  node: 'v24.0.0',
  day: '2026-01-02',
  note: undefined,
  problem: undefined,
  steps: [],
  inVersion2: [],
  findings: [],
}

test('a failure is told with its reason, without the folders of the machine', () => {
  const failed = { step: 'close', verdict: 'failed', detail: '1 processes left: /tmp/x/y | z', ms: 5 } as const
  const started = { step: 'start', verdict: 'yes', detail: 'answered', ms: 1234 } as const
  const page = matrixPage([{ ...ONE, steps: [started, failed] }])
  expect(page).toContain('| one | 1.2 s | - | - | - | - | - | - | **FAILED** |')
  expect(page).toContain('- **one**, close through the gateway: 1 processes left: (path) \\| z')
})

test('who was not tried without an account has a row of what was seen of the login, and none of a day', () => {
  const login = { step: 'login', verdict: 'yes', detail: 'waits; it tells of tty (terminal)', ms: 5 } as const
  const page = matrixPage([{ ...ONE, steps: [login] }])
  expect(page).toContain('| one | - | - | - | - | - | - | waits |')
  expect(page.split('\n').filter((line) => line.startsWith('| one |'))).toHaveLength(2)
  expect(page).toContain('- **one**, login: waits; it tells of tty (terminal)')
})
