// The rules: one file's facts against the table. Pure; knows paths relative to the repository root, never the disk.

import { posix } from 'node:path'

import type { ImportUse, ProcessUse, SourceFacts } from './parse-source.ts'
import {
  BANNED_NAMES,
  CLOSED_FOLDERS,
  LINES_MAX,
  MAY_IMPORT,
  MAY_IMPORT_TYPES,
  MODULE_OWNERS,
  PROCESS_OWNERS,
  SIGNAL_LISTENERS,
  SIGNAL_OWNERS,
} from './table.ts'

export type Rule =
  | 'layer'
  | 'folder-unknown'
  | 'escape'
  | 'extension'
  | 'module-owner'
  | 'closed-folder'
  | 'computed-import'
  | 'process-owner'
  | 'signal-owner'
  | 'barrel'
  | 'length'
  | 'header'
  | 'name'
  | 'syntax'

export interface Violation {
  readonly rule: Rule
  readonly path: string
  readonly line: number
  readonly message: string
}

/** Where a file stands: the folder of src it belongs to (the workspace is one), or undefined outside; tests may reach everything. */
interface Place {
  readonly path: string
  readonly folder: string | undefined
  readonly isTest: boolean
}

/** All violations of one file. `path` is relative to the repository root, with forward slashes. */
export function checkSource(path: string, facts: SourceFacts): Violation[] {
  const place = placeOf(path)
  const at = (rule: Rule, line: number, message: string): Violation => ({ rule, path, line, message })
  return [
    ...facts.syntaxErrors.map((message) => at('syntax', 1, message)),
    ...facts.imports.flatMap((use) => checkImport(place, use)),
    ...facts.processUses.flatMap((use) => checkProcessUse(place, use)),
    ...checkShape(place, facts),
  ]
}

function placeOf(path: string): Place {
  return { path, folder: folderOf(path), isTest: path.endsWith('.test.ts') }
}

function folderOf(path: string): string | undefined {
  const [root, folder, ...rest] = path.split('/')
  if (root === 'builtin-agent') return folder === 'src' ? root : undefined
  return root === 'src' && rest.length > 0 ? folder : undefined
}

function checkImport(place: Place, use: ImportUse): Violation[] {
  const { specifier, line } = use
  const at = (rule: Rule, message: string): Violation[] => [{ rule, path: place.path, line, message }]
  if (specifier === undefined) {
    return place.folder !== undefined && !place.isTest ? at('computed-import', 'an import that cannot be checked') : []
  }
  if (specifier.startsWith('.')) return checkRelative(place, specifier, use.isTypeOnly ? MAY_IMPORT_TYPES : {}, at)
  if (place.folder === undefined || place.isTest) return []
  return checkModule(place.folder, moduleOf(specifier), at)
}

type Arrows = Readonly<Record<string, readonly string[]>>
type At = (rule: Rule, message: string) => Violation[]

function checkRelative(place: Place, specifier: string, more: Arrows, at: At): Violation[] {
  if (!/\.(ts|json|cjs|gen\.js|mjs)$/.test(specifier)) return at('extension', `${specifier} needs its .ts extension`)
  if (place.folder === undefined || place.isTest) return []
  const target = posix.join(posix.dirname(place.path), specifier)
  if (target === 'package.json') return []
  const folder = folderOf(target)
  if (folder === undefined) return at('escape', `${specifier} leaves src`)
  if (target.endsWith('.test.ts')) return at('escape', `${specifier} is a test`)
  const allowed = [...(MAY_IMPORT[place.folder] ?? []), ...(more[place.folder] ?? []), place.folder, 'base']
  return allowed.includes(folder) || MAY_IMPORT[place.folder] === undefined
    ? []
    : at('layer', `${place.folder} may not import ${folder}`)
}

function checkModule(folder: string, name: string, at: At): Violation[] {
  const closed = CLOSED_FOLDERS[folder]
  if (closed !== undefined && !closed.includes(name)) return at('closed-folder', `${folder} may not import ${name}`)
  const owners = MODULE_OWNERS[name]
  if (owners === undefined || owners.includes(folder)) return []
  return at('module-owner', `${name} belongs to ${owners.join(', ') || 'nobody'}`)
}

/** `fastify/x` -> `fastify`; `child_process` -> `node:child_process`. */
function moduleOf(specifier: string): string {
  const parts = specifier.split('/')
  const name = specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? specifier)
  return MODULE_OWNERS[`node:${name}`] === undefined ? name : `node:${name}`
}

function checkProcessUse(place: Place, { member, firstArgument, line }: ProcessUse): Violation[] {
  if (place.folder === undefined || place.isTest) return []
  const at = (rule: Rule, message: string): Violation[] => [{ rule, path: place.path, line, message }]
  if (member === '[computed]') return at('process-owner', 'a member of process that cannot be checked')
  const owners = PROCESS_OWNERS[member]
  if (owners !== undefined && !owners.includes(place.folder)) {
    return at('process-owner', `process.${member} belongs to ${owners.join(', ')}`)
  }
  if (!SIGNAL_LISTENERS.includes(member) || SIGNAL_OWNERS.includes(place.folder)) return []
  if (typeof firstArgument === 'string' && !firstArgument.startsWith('SIG')) return []
  return at('signal-owner', `listening to signals belongs to ${SIGNAL_OWNERS.join(', ')}`)
}

function checkShape(place: Place, facts: SourceFacts): Violation[] {
  const at = (rule: Rule, line: number, message: string): Violation => ({ rule, path: place.path, line, message })
  const found: Violation[] = []
  if (place.folder !== undefined && MAY_IMPORT[place.folder] === undefined) {
    found.push(at('folder-unknown', 1, `src/${place.folder} is not in the table of layers`))
  }
  const banned = place.path.split('/').find((part) => BANNED_NAMES.includes(part.replace(/\.ts$/, '')))
  if (banned !== undefined) found.push(at('name', 1, `${banned} says nothing; name the subject`))
  if (facts.lines > LINES_MAX) found.push(at('length', facts.lines, `${facts.lines} lines; at most ${LINES_MAX}`))
  if (!facts.hasHeader && !place.isTest)
    found.push(at('header', 1, 'needs a header comment: what it owns, what it never does'))
  for (const line of facts.starExports)
    found.push(at('barrel', line, 'export * hides the owner; import the concrete file'))
  if (facts.onlyPassesOn && facts.starExports.length === 0)
    found.push(at('barrel', 1, 'a file that only passes on others'))
  return found
}
