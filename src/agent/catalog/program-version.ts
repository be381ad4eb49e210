// The version of a program that a package manager of JavaScript put there: that of its package. The program is not started.

import { readFile, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'

const MANIFEST_BYTES_MAX = 262_144
const VERSION = /^[0-9A-Za-z.+-]{1,64}$/

/** Undefined for a program of no package. */
export async function readProgramVersion(program: string): Promise<string | undefined> {
  try {
    const manifest = manifestOf(await realpath(program))
    if (manifest === undefined || (await stat(manifest)).size > MANIFEST_BYTES_MAX) return undefined
    const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version?: unknown }
    return typeof version === 'string' && VERSION.test(version) ? version : undefined
  } catch {
    return undefined
  }
}

/** Of the innermost package that the file lies in. */
function manifestOf(file: string): string | undefined {
  const root = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0]
  return root === undefined ? undefined : join(root, 'package.json')
}
