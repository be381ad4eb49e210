// Says whether `npm ci` will accept package-lock.json: every dependency that an entry names must have an entry itself.
// `--fix`: takes out optional ones without an entry. npm writes those when a registry does not carry a platform's package, and
// then refuses its own lock file everywhere.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { ROOT } from './run-step.ts'

type Ranges = Record<string, string>

interface LockEntry {
  dependencies?: Ranges
  devDependencies?: Ranges
  optionalDependencies?: Ranges
}

interface LockFile {
  packages: Record<string, LockEntry>
}

export interface LockReport {
  /** `a -> b` where b has no entry and cannot be left out. */
  readonly missing: readonly string[]
  /** The same for optional dependencies; these can be taken out. */
  readonly missingOptional: readonly string[]
  /** The lock file without the missing optional dependencies. */
  readonly fixed: LockFile
}

/** Looks each dependency up as npm does: beside the package, then in each node_modules above it. */
export function checkLock(lock: LockFile): LockReport {
  const missing: string[] = []
  const missingOptional: string[] = []
  const fixed = structuredClone(lock)
  for (const [path, entry] of Object.entries(fixed.packages)) {
    const isMissing = (name: string): boolean => !hasEntry(lock, path, name)
    const optional = Object.keys(entry.optionalDependencies ?? {}).filter(isMissing)
    for (const name of optional) delete entry.optionalDependencies?.[name]
    if (optional.length > 0 && Object.keys(entry.optionalDependencies ?? {}).length === 0)
      delete entry.optionalDependencies
    missingOptional.push(...optional.map((name) => `${path} -> ${name}`))
    const needed = Object.keys({ ...entry.dependencies, ...entry.devDependencies }).filter(isMissing)
    missing.push(...needed.map((name) => `${path || 'package.json'} -> ${name}`))
  }
  return { missing, missingOptional, fixed }
}

function hasEntry(lock: LockFile, from: string, name: string): boolean {
  for (let at = from; ; at = at.slice(0, Math.max(at.lastIndexOf('/node_modules/'), 0))) {
    if (lock.packages[at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`] !== undefined) return true
    if (at === '') return false
  }
}

/** What package.json asks for and the lock file does not say, or the other way round. */
export function rootDifference(manifest: LockEntry, lock: LockFile): string[] {
  const root = lock.packages[''] ?? {}
  const kinds = ['dependencies', 'devDependencies', 'optionalDependencies'] as const
  return kinds.filter((kind) => JSON.stringify(sorted(manifest[kind])) !== JSON.stringify(sorted(root[kind])))
}

function sorted(ranges: Ranges = {}): [string, string][] {
  return Object.entries(ranges).toSorted(([a], [b]) => (a < b ? -1 : 1))
}

function main(isFix: boolean): number {
  const file = join(ROOT, 'package-lock.json')
  const lock = JSON.parse(readFileSync(file, 'utf8')) as LockFile
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as LockEntry
  const { missing, missingOptional, fixed } = checkLock(lock)
  const different = rootDifference(manifest, lock)
  for (const arrow of missing) console.log(`no entry: ${arrow}`)
  for (const kind of different) console.log(`package.json and package-lock.json differ in ${kind}`)
  if (isFix) writeFileSync(file, `${JSON.stringify(fixed, null, 2)}\n`)
  else
    for (const arrow of missingOptional) console.log(`no entry for an optional package (--fix takes it out): ${arrow}`)
  console.log(
    `${Object.keys(lock.packages).length} packages, ${missingOptional.length} optional ones ${isFix ? 'taken out' : 'without entry'}`,
  )
  const problems = missing.length + different.length + (isFix ? 0 : missingOptional.length)
  return problems === 0 ? 0 : 1
}

if (import.meta.main) process.exitCode = main(process.argv.includes('--fix'))
