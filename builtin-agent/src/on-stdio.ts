// The agent on the stdio of this process, until its input ends or a signal comes. Owns environment and signals of the process.

import manifest from '../../package.json' with { type: 'json' }
import { runAgent } from './run-agent.ts'

const EXIT_FAILED = 1
const FOR_PEOPLE =
  'holdfast agent: waits for an editor that speaks ACP on stdin. To talk to it yourself: holdfast prompt. Ctrl-D ends it.'

/** Resolves with the exit code. Whoever calls it ends the process: something that hung may still hold it. */
export async function runOnStdio(): Promise<number> {
  if (process.stdin.isTTY) process.stderr.write(`${FOR_PEOPLE}\n`)
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => stop.abort())
  const streams = { input: process.stdin, output: process.stdout, diagnostics: process.stderr }
  try {
    await runAgent({ ...streams, env: process.env, version: manifest.version, signal: stop.signal })
    return 0
  } catch (error) {
    process.stderr.write(`holdfast agent: ${error instanceof Error ? error.message : String(error)}\n`)
    return EXIT_FAILED
  }
}
