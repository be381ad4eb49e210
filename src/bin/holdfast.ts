// The program: hands the command line what it needs from the process, turns signals into requests to stop, and exits.

import { readFileSync } from 'node:fs'

import { EXIT } from '../cli/exit-codes.ts'
import { runCli } from '../cli/run-cli.ts'
import type { CliDeps, ServeOptions } from '../cli/deps.ts'
import { systemTerminal } from '../cli/system-terminal.ts'
import { systemEnvironment } from '../config/environment.ts'
import type { GatewaySignal } from '../life/signals.ts'

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
  runAgent: async () => process.exit(await (await import('../../builtin-agent/src/on-stdio.ts')).runOnStdio()),
  startGateway: async () => (await import('../daemon/gateway-process.ts')).startGatewayProcess(),
  signalRestart: async (reason) => (await import('../daemon/gateway-process.ts')).signalRestart(reason),
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
  readLastCrash: async () => (await import('../daemon/last-crash.ts')).readLastCrash(),
  openService: async (choice) => (await import('../daemon/service.ts')).openService(version, choice),
  openConformance: async (choice) => (await import('../daemon/conformance.ts')).openConformance(version, choice),
  openLogin: async (choice) => (await import('../daemon/agent-login.ts')).openAgentLogin(version, choice),
  openAgents: async () => new (await import('../daemon/agent-installs.ts')).AgentInstalls(),
  verifyStore: async () => (await import('../daemon/gateway-process.ts')).verifyStore(version),
}

/** A signal of the first milliseconds may have opened Node's debugger, which nobody asked for. */
async function closeDebugger(): Promise<void> {
  const asked = [...process.execArgv, deps.env['NODE_OPTIONS'] ?? '']
  if (asked.some((flag) => /--inspect(?!-port)/.test(flag))) return
  const { close, url } = await import('node:inspector')
  if (url() !== undefined) close()
}

let hasServed = false

/** Listens to signals from the first moment on; what they mean, the daemon knows. */
async function serve({ detached, successor, flags }: ServeOptions): Promise<number> {
  const { SIGNALS } = await import('../life/signals.ts')
  const early: GatewaySignal[] = []
  let listener = (signal: GatewaySignal): void => void early.push(signal)
  for (const name of SIGNALS) process.on(name, () => listener(name))
  // A terminal that was closed takes nothing any more: that costs words, not the gateway.
  process.stderr.on('error', () => {})
  await closeDebugger()
  const { serveGateway } = await import('../daemon/serve-gateway.ts')
  const ending = await serveGateway({
    version,
    detached,
    pipes: successor ? { input: process.stdin, output: process.stdout } : undefined,
    flags,
    announce: (line) => process.stderr.write(`holdfast: ${line}\n`),
    // Only told: Node goes on to print it and to exit with 1.
    onCrash: (told) => void process.on('uncaughtExceptionMonitor', told),
    onSignal: (listen) => {
      listener = listen
      for (const signal of early) listen(signal)
    },
    exit: (code) => process.exit(code),
  })
  hasServed = true
  return ending === 'supervised' ? EXIT.restart : EXIT.done
}

process.exitCode = await runCli(deps, process.argv.slice(2))
// Its log is closed. What an agent of a life that is over still owes must not keep the process.
if (hasServed) process.exit()
