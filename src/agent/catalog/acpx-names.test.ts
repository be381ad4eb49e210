// The names that acpx has for agents lead to an agent here: people come with them in their scripts.

import { expect, test } from 'vitest'

import { findCatalogEntry } from './catalog.ts'

const NAMES =
  'antigravity claude codex copilot cursor devin droid fast-agent fx gemini grok-build iflow junie kilocode kimi kiro mcode mux openclaw opencode pi pool qoder qwen trae zeroclaw factory-droid factorydroid'

test('every agent that acpx names is in the catalog', () => {
  expect(NAMES.split(' ').filter((name) => findCatalogEntry(name) === undefined)).toEqual([])
})
