// Entry of the built-in agent: an ACP agent on stdio. Ends with its input, or at a signal.
// Owns process, environment and exit; loads the rest after it has asked for compiled code to be kept, in the user's own cache.

import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

const EXIT_FAILED = 1

async function main(): Promise<number> {
  keepCompiledCode(process.env['XDG_CACHE_HOME'])
  const { runAgent } = await import('./run-agent.ts')
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => stop.abort())
  const streams = { input: process.stdin, output: process.stdout, diagnostics: process.stderr }
  try {
    await runAgent({ ...streams, env: process.env, version: VERSION, signal: stop.signal })
    return 0
  } catch (error) {
    process.stderr.write(`holdfast-agent: ${error instanceof Error ? error.message : String(error)}\n`)
    return EXIT_FAILED
  }
}

const VERSION = '0.1.0'

function keepCompiledCode(cache: string | undefined): void {
  try {
    enableCompileCache(join(cache || join(homedir(), '.cache'), 'holdfast', 'compiled'))
  } catch {
    // no home directory: start without a cache
  }
}

process.exit(await main())
