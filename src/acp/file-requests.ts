// The params of fs/* requests of an agent, narrowed. Optional fields that are null count as absent (schema: default on null).

import type { Json, JsonObject } from '../base/json.ts'

export const FILE_METHODS = ['fs/read_text_file', 'fs/write_text_file'] as const

export type FileMethod = (typeof FILE_METHODS)[number]

export function isFileMethod(method: string): method is FileMethod {
  return (FILE_METHODS as readonly string[]).includes(method)
}

export interface ReadFile {
  readonly sessionId: string
  /** Absolute, without NUL. */
  readonly path: string
  /** Of the first line, from 1 on. */
  readonly line: number
  /** Lines at most; undefined: all that there are. */
  readonly limit: number | undefined
}

export interface WriteFile {
  readonly sessionId: string
  /** Absolute, without NUL. */
  readonly path: string
  /** Without lone surrogates: every character of it can be written. */
  readonly content: string
}

export type NarrowedFile<T> = { kind: 'request'; request: T } | { kind: 'malformed'; reason: string }

/** Malformed: no session, a path that is not absolute, a line or limit that is no count (C-61). Line 0 means line 1, as in the schema. */
export function narrowReadFile({ sessionId, path, line, limit }: JsonObject): NarrowedFile<ReadFile> {
  if (typeof sessionId !== 'string') return malformed('sessionId must be a text')
  if (!isPath(path)) return malformed('path must be an absolute path')
  if (!isAbsent(line) && !isCount(line)) return malformed('line must be a count, from 1 on')
  if (!isAbsent(limit) && !isCount(limit)) return malformed('limit must be a count of lines')
  return { kind: 'request', request: { sessionId, path, line: Math.max(line ?? 1, 1), limit: limit ?? undefined } }
}

/** Malformed: no session, a path that is not absolute, a content that is no text or that UTF-8 has no bytes for. */
export function narrowWriteFile({ sessionId, path, content }: JsonObject): NarrowedFile<WriteFile> {
  if (typeof sessionId !== 'string') return malformed('sessionId must be a text')
  if (!isPath(path)) return malformed('path must be an absolute path')
  if (typeof content !== 'string') return malformed('content must be a text')
  if (!content.isWellFormed()) return malformed('content has half of a character')
  return { kind: 'request', request: { sessionId, path, content } }
}

function isPath(value: Json | undefined): value is string {
  return typeof value === 'string' && value.startsWith('/') && value.isWellFormed() && !value.includes('\0')
}

function isAbsent(value: Json | undefined): value is null | undefined {
  return value === undefined || value === null
}

function isCount(value: Json): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function malformed(reason: string): { kind: 'malformed'; reason: string } {
  return { kind: 'malformed', reason }
}
