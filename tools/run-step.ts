// One command of the repository's own, run with the project's binaries first in PATH; its output is kept until it ends.

import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'

export const ROOT = join(import.meta.dirname, '..')

export interface Step {
  readonly name: string
  /** argv; the first is found in node_modules/.bin or PATH. */
  readonly command: readonly [string, ...string[]]
}

export interface StepResult {
  readonly name: string
  readonly ok: boolean
  readonly ms: number
  readonly output: string
}

const STEP_MS_MAX = 180_000

/** Runs one step to its end; after 3 minutes it is killed and counts as failed. Never rejects. */
export function runStep({ name, command }: Step): Promise<StepResult> {
  const startedAt = performance.now()
  const [file, ...args] = command
  const env = { ...process.env, PATH: `${join(ROOT, 'node_modules/.bin')}${delimiter}${process.env['PATH'] ?? ''}` }
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: STEP_MS_MAX,
      killSignal: 'SIGKILL',
    })
    let output = ''
    const keep = (chunk: Buffer): void => void (output += chunk.toString())
    const end = (ok: boolean): void => resolve({ name, ok, ms: performance.now() - startedAt, output })
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.on('error', (error) => {
      output += `${file}: ${error.message}\n`
      end(false)
    })
    child.on('close', (code, signal) => {
      if (signal !== null) output += `${file}: ended by ${signal}\n`
      end(code === 0)
    })
  })
}
