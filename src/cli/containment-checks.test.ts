import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load.ts'
import { pathsOf } from '../config/paths.ts'
import { checkContainment } from './containment-checks.ts'
import type { ContainmentAbilities } from './deps.ts'

const NONE = { works: false, reason: 'not delegated' }
const ABILITIES: ContainmentAbilities = {
  tagging: 'prlimit',
  bwrap: { works: true },
  cgroup: { works: true },
  memoryLimit: NONE,
  processLimit: NONE,
}

function configOf(json: string): Config {
  const home = mkdtempSync(join(tmpdir(), 'hf-doctor-'))
  writeFileSync(join(home, 'config.jsonc'), json)
  const env = { HOLDFAST_HOME: home }
  try {
    return loadConfig({ env, paths: pathsOf(env) })
  } finally {
    rmSync(home, { recursive: true })
  }
}

const rows = (config: Config | undefined, abilities = ABILITIES): string[] =>
  checkContainment(abilities, config).map(({ name, result, detail }) => `${result} ${name}: ${detail}`)

test('what nobody asked for is no fault when it does not work', () => {
  expect(rows(configOf('{}')).slice(1)).toEqual([
    'ok bwrap: works; optional, not used',
    'ok cgroup: works; optional, not used',
    'ok memory limit: optional, not used; does not work here: not delegated',
    'ok process limit: optional, not used; does not work here: not delegated',
  ])
})

test('what the configuration needs and the machine cannot do fails, and names the agents', () => {
  const a = '"a": { "command": ["a"], "containment": "cgroup", "memoryBytesMax": 9 }'
  const found = rows(configOf(`{ "agents": { "containment": "bwrap", ${a} } }`), { ...ABILITIES, bwrap: NONE })
  expect(found.slice(1)).toEqual([
    'fail bwrap: used by every other agent; does not work here: not delegated',
    'ok cgroup: works; used by a',
    'fail memory limit: used by a; does not work here: not delegated',
    'ok process limit: optional, not used; does not work here: not delegated',
  ])
})

test('marks alone are a warning', () => {
  expect(rows(undefined, { ...ABILITIES, tagging: 'marker' })[0]).toMatch(/^warn tag: marker alone/)
})
