// Installs the real agents from their lock file, once per lock. Runs no install script of any package.
// `node test/real-agents/install.ts` does it by hand; tests call `installRealAgents`.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFile, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AGENTS_DIR, MODULES_DIR } from './paths.ts'

const INPUTS = ['package.json', 'package-lock.json', '.npmrc']
const INSTALL_MS = 10 * 60_000
const OUTPUT_CHARS_MAX = 8192

export interface InstallReport {
  /** False when this lock was installed already. */
  readonly installed: boolean
  readonly ms: number
}

/** Installs in a staging folder and renames: concurrent callers are safe and a broken install is never seen. At most 10 min. */
export async function installRealAgents(): Promise<InstallReport> {
  const started = performance.now()
  const hash = await lockHash()
  if ((await installedHash()) === hash) return { installed: false, ms: Math.round(performance.now() - started) }
  const staging = await mkdtemp(join(AGENTS_DIR, '.staging-'))
  try {
    for (const file of INPUTS) await copyFile(join(AGENTS_DIR, file), join(staging, file))
    await npmCi(staging)
    await writeFile(join(staging, 'node_modules', '.lock-hash'), hash)
    await putInPlace(join(staging, 'node_modules'), hash)
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
  return { installed: true, ms: Math.round(performance.now() - started) }
}

async function putInPlace(fresh: string, hash: string): Promise<void> {
  if ((await installedHash()) === hash) return // another process was faster
  await rm(MODULES_DIR, { recursive: true, force: true })
  await rename(fresh, MODULES_DIR).catch(async (error: unknown) => {
    if ((await installedHash()) !== hash) throw error
  })
}

async function lockHash(): Promise<string> {
  const hash = createHash('sha256')
  for (const file of INPUTS) hash.update(await readFile(join(AGENTS_DIR, file)))
  return hash.digest('hex')
}

async function installedHash(): Promise<string | undefined> {
  return readFile(join(MODULES_DIR, '.lock-hash'), 'utf8').catch(() => undefined)
}

function npmCi(cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', ['ci', '--ignore-scripts'], { cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    let output = ''
    const keep = (chunk: Buffer): void => void (output = (output + chunk.toString()).slice(-OUTPUT_CHARS_MAX))
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    const timer = setTimeout(() => child.pid && process.kill(-child.pid, 'SIGKILL'), INSTALL_MS)
    child.once('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      if (code === 0) resolve()
      else reject(new Error(`npm ci ended with ${signal ?? code}: ${output}`))
    })
  })
}

if (import.meta.main) {
  const { installed, ms } = await installRealAgents()
  process.stdout.write(`${installed ? 'installed' : 'up to date'} (${ms} ms)\n`)
}
