// Global setup of the tests with real processes: they run what is published, not what it is made of. Built once a run, without `src`.

import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

export function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'hf-package-'))
  for (const name of ['package.json', 'bin']) cpSync(join(ROOT, name), join(folder, name), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  execFileSync(process.execPath, [join(ROOT, 'tools/build.ts'), join(folder, 'dist')], { cwd: ROOT, stdio: 'pipe' })
  process.env['HOLDFAST_TEST_PACKAGE'] = folder
  return () => rmSync(folder, { recursive: true, force: true })
}
