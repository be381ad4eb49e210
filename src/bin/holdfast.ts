// The program: hands the command line what it needs from the process, turns signals into requests to stop, and exits.

import { readFileSync } from 'node:fs'

import { runCli } from '../cli/run-cli.ts'
import type { CliDeps, ServeOptions } from '../cli/deps.ts'
import { systemTerminal } from '../cli/system-terminal.ts'
import { systemEnvironment } from '../config/environment.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

const deps: CliDeps = {
  version,
  terminal: systemTerminal(),
  env: systemEnvironment(),
  cwd: process.cwd(),
  onInterrupt: (listener) => {
    process.on('SIGINT', listener)
    return { [Symbol.dispose]: () => void process.off('SIGINT', listener) }
  },
  serve,
  startGateway: async () => (await import('../daemon/gateway-process.ts')).startGatewayProcess(),
  isProcessAlive: (pid) => {
    try {
      return process.kill(pid, 0)
    } catch {
      return false
    }
  },
  findOrphans: async () => (await import('../daemon/orphans.ts')).findOrphans(),
  endOrphans: async (shown) => (await import('../daemon/orphans.ts')).endOrphans(shown),
  probeContainment: async () => (await import('../daemon/gateway-process.ts')).probeContainment(),
  verifyStore: async () => (await import('../daemon/gateway-process.ts')).verifyStore(version),
}

/** SIGTERM and SIGINT drain; a second one cuts the turns; a third one ends the process. SIGUSR1 never opens a debugger. */
async function serve({ detached, flags }: ServeOptions): Promise<number> {
  const { Requests } = await import('../life/requests.ts')
  const { Controls } = await import('../life/controls.ts')
  const { serveGateway } = await import('../daemon/gateway-process.ts')
  const requests = new Requests()
  const controls = new Controls()
  const onSignal = (signal: NodeJS.Signals): void => {
    if (requests.stop(signal) < 3) return
    controls.killNow()
    process.exit(1)
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, onSignal)
  process.on('SIGUSR1', () => {})
  await serveGateway({
    version,
    detached,
    flags,
    requests,
    controls,
    announce: (line) => process.stderr.write(`holdfast: ${line}\n`),
    // Only told: Node goes on to print it and to exit with 1.
    onCrash: (listener) => void process.on('uncaughtExceptionMonitor', listener),
  })
  return 0
}

process.exitCode = await runCli(deps, process.argv.slice(2))
