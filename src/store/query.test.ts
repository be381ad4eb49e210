// The query builder is a development tool: an installed gateway does not have it.

import { readFileSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import { query } from './query.ts'
import { statementsOf } from './statement.ts'

const IMPORT = /^import (?!type\b)[^'"]*['"]([^'"]+)['"]/gm

describe('an opened store', () => {
  test('loads no query builder', () => {
    const loaded = load(new URL('open-sqlite-store.ts', import.meta.url))
    expect(loaded).toContain(new URL('statements.gen.ts', import.meta.url).href)
    expect(loaded.filter((module) => /kysely|quer(?:y|ies)\.ts$|dialect\.ts$/.test(module))).toEqual([])
  })

  test('would be seen to load it', () => {
    expect(load(new URL('tables/turn-queries.ts', import.meta.url))).toContain('kysely')
  })
})

test('a statement binds arguments by name and keeps constants, wherever they stand', () => {
  const sql = 'a = ? and b = ? and c = ?'
  const build = (args: { b: number; a: string }) => ({ compile: () => ({ sql, parameters: [args.a, 7, args.b] }) })
  const text = query(build as unknown as Parameters<typeof query<{ b: number; a: string }, { c: number }>>[0])
  expect(text).toEqual({ sql, parameters: ['a', { constant: 7 }, 'b'] })
  const { find } = statementsOf<{ find: typeof text }>('turn', { find: text })
  expect(find.name).toBe('turn.find')
  expect(find.bind({ b: 2, a: 'x' })).toEqual(['x', 7, 2])
  expect(find.bind({ b: 3, a: 'y' })).toEqual(['y', 7, 3])
})

/** Every module that is loaded with `entry`: files of ours by URL, packages by name. */
function load(entry: URL): string[] {
  const loaded = new Set([entry.href])
  for (const module of loaded) {
    if (!module.startsWith('file:')) continue
    for (const [, name = ''] of readFileSync(new URL(module), 'utf8').matchAll(IMPORT)) {
      loaded.add(name.startsWith('.') ? new URL(name, module).href : name)
    }
  }
  return [...loaded]
}
