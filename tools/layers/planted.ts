// One planted violation per rule, each in a tree of its own: the check must find every one, and nothing in a clean tree.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import type { Rule } from './check-source.ts'
import { checkTree } from './check-tree.ts'

interface Plant {
  /** undefined: the tree is clean. */
  readonly rule: Rule | undefined
  readonly path: string
  readonly text: string
}

const HEADER = '// Planted.\n'

export const PLANTS: readonly Plant[] = [
  { rule: 'layer', path: 'src/store/a.ts', text: "import { b } from '../session/b.ts'" },
  { rule: 'layer', path: 'src/base/a.ts', text: "import type { B } from '../store/b.ts'" },
  { rule: 'layer', path: 'src/cli/a.ts', text: "export const a = () => import('../daemon/b.ts')" },
  { rule: 'layer', path: 'src/agent/a.ts', text: "export type A = import('../session/b.ts').B" },
  { rule: 'layer', path: 'src/wire/a.ts', text: "export { b } from '../config/b.ts'\nexport const a = 1" },
  { rule: 'layer', path: 'src/session/a.ts', text: "import { b, type C } from '../keeper/b.ts'" },
  { rule: 'layer', path: 'builtin-agent/src/a.ts', text: "import { b } from '../../src/session/b.ts'" },
  { rule: 'layer', path: 'src/daemon/a.ts', text: "import { b } from '../../builtin-agent/src/b.ts'" },
  { rule: 'escape', path: 'builtin-agent/src/a.ts', text: "import { b } from '../../test/_support/b.ts'" },
  { rule: 'folder-unknown', path: 'src/extra/a.ts', text: "import { b } from '../base/b.ts'" },
  { rule: 'folder-unknown', path: 'src/extra/a.ts', text: 'export const a = 1' },
  { rule: 'escape', path: 'src/session/a.ts', text: "import { b } from '../../test/_support/b.ts'" },
  { rule: 'escape', path: 'src/session/a.ts', text: "import { b } from './b.test.ts'" },
  { rule: 'extension', path: 'src/session/a.ts', text: "import { b } from './b'" },
  { rule: 'extension', path: 'test/fault/a.test.ts', text: "import { b } from '../_support/b.js'" },
  { rule: 'module-owner', path: 'src/keeper/a.ts', text: "import { spawn } from 'node:child_process'" },
  { rule: 'module-owner', path: 'src/keeper/a.ts', text: "import { spawn } from 'child_process'" },
  { rule: 'module-owner', path: 'src/session/a.ts', text: "import { DatabaseSync } from 'node:sqlite'" },
  { rule: 'module-owner', path: 'src/events/a.ts', text: "import { sql } from 'kysely'" },
  { rule: 'module-owner', path: 'src/agent/a.ts', text: "import type { X } from '@agentclientprotocol/sdk/schema'" },
  { rule: 'module-owner', path: 'src/daemon/a.ts', text: "import { fastify } from 'fastify'" },
  { rule: 'module-owner', path: 'src/daemon/a.ts', text: "import { createServer } from 'node:http'" },
  { rule: 'module-owner', path: 'src/session/a.ts', text: "import { env } from 'node:process'" },
  { rule: 'module-owner', path: 'src/agent/a.ts', text: "import { Agent } from '@earendil-works/pi-agent-core'" },
  { rule: 'closed-folder', path: 'src/wire/a.ts', text: "import { readFileSync } from 'node:fs'" },
  { rule: 'closed-folder', path: 'src/client/a.ts', text: "import { request } from 'node:net'" },
  { rule: 'computed-import', path: 'src/session/a.ts', text: 'export const a = (name: string) => import(name)' },
  { rule: 'process-owner', path: 'src/session/a.ts', text: 'export const a = process.env' },
  { rule: 'process-owner', path: 'src/session/a.ts', text: 'export const { env } = process' },
  { rule: 'process-owner', path: 'src/session/a.ts', text: 'export const a = globalThis.process.env' },
  { rule: 'process-owner', path: 'src/session/a.ts', text: "export const a = process['env']" },
  { rule: 'process-owner', path: 'src/cli/a.ts', text: 'export const a = () => process.exit(1)' },
  { rule: 'process-owner', path: 'src/keeper/a.ts', text: "export const a = () => process.kill(1, 'SIGTERM')" },
  { rule: 'signal-owner', path: 'src/daemon/a.ts', text: "process.on('SIGTERM', () => {})" },
  {
    rule: 'signal-owner',
    path: 'src/cli/a.ts',
    text: 'export const a = (name: string) => process.once(name, () => {})',
  },
  { rule: 'barrel', path: 'src/session/a.ts', text: "export * from './b.ts'" },
  { rule: 'barrel', path: 'src/session/a.ts', text: "import { b } from './b.ts'\nexport { b }" },
  { rule: 'length', path: 'src/session/a.ts', text: `export const a = 1${'\n'.repeat(500)}` },
  { rule: 'name', path: 'src/session/utils/a.ts', text: 'export const a = 1' },
  { rule: 'name', path: 'src/session/helpers.ts', text: 'export const a = 1' },
  { rule: 'syntax', path: 'src/session/a.ts', text: 'export const = 1' },
  {
    rule: undefined,
    path: 'src/session/a.ts',
    text: "// import { x } from '../api/x.ts'\nexport const a = 'process.env'",
  },
  {
    rule: undefined,
    path: 'builtin-agent/src/tools/a.ts',
    text: "import { b } from '../../../src/acp/b.ts'\nexport const a = b",
  },
  {
    rule: undefined,
    path: 'src/process/a.ts',
    text: "import { spawn } from 'node:child_process'\nexport const a = spawn",
  },
  { rule: undefined, path: 'src/session/a.ts', text: "import type { B } from '../keeper/b.ts'\nexport type A = B" },
  { rule: undefined, path: 'src/session/a.ts', text: "process.on('warning', () => {})" },
  {
    rule: undefined,
    path: 'src/session/a.test.ts',
    text: "import { b } from '../../test/_support/b.ts'\nb(process.env)",
  },
  { rule: undefined, path: 'src/bin/a.ts', text: "process.on('SIGTERM', () => process.exit(0))" },
]

/** What a run over every planted tree got wrong, one sentence each; empty when the check can be trusted. */
export function checkPlants(): string[] {
  const root = mkdtempSync(join(tmpdir(), 'planted-'))
  try {
    return [...PLANTS.entries()].flatMap(([n, plant]) => checkPlant(join(root, String(n)), plant))
  } finally {
    rmSync(root, { recursive: true })
  }
}

function checkPlant(root: string, plant: Plant): string[] {
  const file = join(root, plant.path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, HEADER + plant.text)
  const found = checkTree(root).violations.map((violation) => violation.rule)
  const expected = plant.rule === undefined ? [] : [plant.rule]
  if (JSON.stringify(found) === JSON.stringify(expected)) return []
  return [`${plant.path} with ${JSON.stringify(plant.text)}: expected [${expected.join()}], found [${found.join()}]`]
}
