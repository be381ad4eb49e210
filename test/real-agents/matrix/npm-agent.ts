// An agent of the matrix from its npm packages: installed once into a folder of the cache, without running any install script.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

import type { MatrixAgent, MatrixPlace } from './matrix-agent.ts'

export interface NpmAgent extends Pick<
  MatrixAgent,
  'id' | 'title' | 'packages' | 'homeOutsideTmp' | 'loadsNextMinute' | 'needsLogin' | 'note'
> {
  /** The first word is a program of its packages. */
  readonly command: readonly [string, ...string[]]
  env(at: Pick<MatrixPlace, 'home' | 'llm'>): Readonly<Record<string, string>>
  /** By path in the home; an object is written as JSON. */
  files?(at: Pick<MatrixPlace, 'llm'>): Readonly<Record<string, string | object>>
}

const INSTALL_MS = 10 * 60_000
const OUTPUT_CHARS_MAX = 4_096

export function npmAgent(agent: NpmAgent): MatrixAgent {
  return {
    ...agent,
    install: () => install(agent),
    prepare: async (at) => {
      for (const [path, content] of Object.entries(agent.files?.(at) ?? {})) {
        const file = join(at.home, path)
        await mkdir(dirname(file), { recursive: true })
        await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content, null, 1))
      }
      const [program, ...args] = agent.command
      const bin = join(at.modules, '.bin')
      const path = [dirname(process.execPath), bin, '/usr/local/bin', '/usr/bin', '/bin'].join(':')
      return { argv: [join(bin, program), ...args], env: { HOME: at.home, PATH: path, ...agent.env(at) } }
    },
  }
}

/** HOLDFAST_AGENTS_CACHE, else a folder of the user's cache. What is in it can be deleted at any time. */
function cacheDir(): string {
  return process.env['HOLDFAST_AGENTS_CACHE'] || join(homedir(), '.cache', 'holdfast-agents')
}

/** Installed beside and renamed: an install that breaks is never seen. Its package-lock.json stays with it. */
async function install({ id, packages }: NpmAgent): Promise<string> {
  const digest = createHash('sha256').update(packages.join(' ')).digest('hex').slice(0, 12)
  const folder = join(cacheDir(), `${id}-${digest}`)
  const modules = join(folder, 'node_modules')
  if (existsSync(modules)) return modules
  await mkdir(cacheDir(), { recursive: true })
  const staging = await mkdtemp(join(cacheDir(), '.staging-'))
  try {
    await writeFile(join(staging, 'package.json'), JSON.stringify({ name: `matrix-${id}`, private: true }))
    await npmInstall(staging, packages)
    await rename(staging, folder)
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
  return modules
}

function npmInstall(cwd: string, packages: readonly string[]): Promise<void> {
  const args = [
    'install',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--save-exact',
    '--loglevel=error',
    ...packages,
  ]
  return new Promise((resolve, reject) => {
    const child = spawn('npm', args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: INSTALL_MS })
    let output = ''
    const keep = (chunk: Buffer): void => void (output = (output + chunk.toString()).slice(-OUTPUT_CHARS_MAX))
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (code === 0) resolve()
      else reject(new Error(`npm ended with ${signal ?? code}: ${output}`))
    })
  })
}
