// `npm run demo`: a gateway of its own in a temporary home, one prompt to the built-in agent, and everything gone afterwards.
// Exit 0 only when the prompt was answered and the gateway ended. Needs no key, no network and no development dependency.

import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const LAUNCHER = join(import.meta.dirname, '../bin/holdfast.cjs')
const COMMAND_MS_MAX = 60_000
const PROMPT = 'Write a hello file'

const NEXT = `
That was a session of its own, in a temporary directory, and it is gone now. To go on:

  npx holdfast prompt --agent holdfast "help"   the same agent, in a kept session
  npx holdfast sessions ls                      every session and what it does
  npx holdfast --help                           everything else
`

async function main(): Promise<number> {
  const home = mkdtempSync(join(tmpdir(), 'holdfast-demo-'))
  const workspace = join(home, 'workspace')
  mkdirSync(workspace)
  const holdfast = (...args: string[]): Promise<number> => run(args, join(home, 'home'), workspace)
  try {
    const failed = await firstFailure([
      () => holdfast('prompt', '--agent', 'holdfast', '--approve-all', PROMPT),
      () => holdfast('sessions', 'ls'),
    ])
    const stopped = await holdfast('stop')
    if (failed !== 0 || stopped !== 0) return failed || stopped
    console.log(NEXT)
    return 0
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

async function firstFailure(commands: readonly (() => Promise<number>)[]): Promise<number> {
  for (const command of commands) {
    const code = await command()
    if (code !== 0) return code
  }
  return 0
}

/** Shows and runs one command of the command line; its exit code, or 1 when a signal or the time limit ended it. */
function run(args: readonly string[], home: string, cwd: string): Promise<number> {
  console.log(`\n$ holdfast ${args.map((arg) => (arg.includes(' ') ? `"${arg}"` : arg)).join(' ')}`)
  const env = { ...process.env, HOLDFAST_HOME: home }
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [LAUNCHER, ...args], { cwd, env, stdio: 'inherit', timeout: COMMAND_MS_MAX })
    child.on('error', () => resolve(1))
    child.on('exit', (code) => resolve(code ?? 1))
  })
}

process.exitCode = await main()
