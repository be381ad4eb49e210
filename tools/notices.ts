// The licences of what is bundled: their texts have to go with the code.

import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

interface Manifest {
  readonly name: string
  readonly version: string
  readonly license?: string
}

/** Writes one file with the notice of every package that one of the modules is of. */
export function writeNotices(moduleIds: readonly string[], file: string): void {
  const folders = new Set(moduleIds.map(packageFolder).filter((folder) => folder !== undefined))
  const notices = [...folders].map(noticeOf).toSorted()
  writeFileSync(file, `${notices.join(`\n${'-'.repeat(80)}\n\n`)}\n`)
}

/** `/x/node_modules/@a/b/lib/c.js` -> `/x/node_modules/@a/b`. */
function packageFolder(moduleId: string): string | undefined {
  return /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(moduleId)?.[1]
}

function noticeOf(folder: string): string {
  const { name, version, license = 'no licence named' } = readManifest(folder)
  const texts = globSync('{LICENSE,LICENCE,NOTICE,license}*', { cwd: folder }).toSorted()
  const text = texts.map((path) => readFileSync(join(folder, path), 'utf8').trim()).join('\n\n')
  return `${name} ${version} (${license})\n\n${text}`.trimEnd()
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
}
