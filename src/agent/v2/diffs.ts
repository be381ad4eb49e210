// A diff of ACP v2 as content of v1: one diff for each hunk of its patch, and words for what no diff of v1 can say.

import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json.ts'
import { readGitPatch } from './git-patch.ts'
import type { Hunk } from './git-patch.ts'

/** Undefined when it is no diff of v2. */
export function diffContent(item: JsonObject): JsonObject[] | undefined {
  const { changes, patch } = item
  if (!Array.isArray(changes)) return undefined
  const files = filesOf(patch)
  return changes.filter(isJsonObject).flatMap((change) => contentOf(change, files))
}

/** Each file once: who names it again is told in words. */
type Files = Map<string, readonly Hunk[]>

function filesOf(patch: Json | undefined): Files {
  if (!isJsonObject(patch) || patch['format'] !== 'git_patch' || typeof patch['text'] !== 'string') return new Map()
  return new Map(readGitPatch(patch['text']))
}

function contentOf(change: JsonObject, files: Files): JsonObject[] {
  const { operation, path, oldPath } = change
  if (typeof path !== 'string') return []
  const name = files.has(path) ? path : path.replace(/^\//, '')
  const hunks = files.get(name) ?? []
  files.delete(name)
  const diffs = hunks.map(({ before, after }) => ({
    type: 'diff',
    path,
    oldText: operation === 'add' ? null : before,
    newText: after,
  }))
  const isPair = operation === 'move' || operation === 'copy'
  return diffs.length > 0 && !isPair
    ? diffs
    : [inWords(typeof operation === 'string' ? operation : 'Changed', path, oldPath), ...diffs]
}

const WORDS: Readonly<Record<string, string>> = { add: 'Added', delete: 'Deleted', modify: 'Changed' }

function inWords(operation: string, path: string, oldPath: Json | undefined): JsonObject {
  const from = typeof oldPath === 'string' ? oldPath : '?'
  const said = operation === 'move' ? `Moved ${from} to` : operation === 'copy' ? `Copied ${from} to` : undefined
  return { type: 'content', content: { type: 'text', text: `${said ?? WORDS[operation] ?? operation} ${path}` } }
}
