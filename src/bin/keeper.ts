// The keeper as a program: orders on stdin, one word on stdout when it listens, its log on stderr. Started by the gateway; or as a unit of
// its own, with its orders in a file (`--orders FILE`).

import { flushCompileCache } from 'node:module'

import { systemClock } from '../base/clock.ts'
import { takeOnceFile } from '../base/once-file.ts'
import { runKeeper, type KeeperOrders } from '../keeper/run-keeper.ts'
import type { Logger } from '../observe/logger.ts'

/** The lines of the gateway's own log, without its library: a keeper depends on nothing. */
function openKeeperLog(): Logger {
  // A disk that is full costs lines of this log, never an agent.
  process.stderr.on('error', () => {})
  const write = (level: number) => (fields: object, msg: string) => {
    const line = { level, time: Date.now(), name: 'keeper', ...fields, msg }
    process.stderr.write(
      `${JSON.stringify(line, (_, value: unknown) => (value instanceof Error ? textOf(value) : value))}\n`,
    )
  }
  return { debug: () => {}, info: write(30), warn: write(40), error: write(50) }
}

function textOf(error: Error): string {
  return error.stack ?? error.message
}

async function readOrders(): Promise<KeeperOrders> {
  const at = process.argv.indexOf('--orders')
  if (at !== -1) return JSON.parse(takeOnceFile(process.argv[at + 1] ?? '')) as KeeperOrders
  let text = ''
  for await (const chunk of process.stdin.setEncoding('utf8')) text += String(chunk)
  return JSON.parse(text) as KeeperOrders
}

const logger = openKeeperLog()
const stop = new AbortController()
// SIGTERM ends it as a supervisor would; what is meant for a terminal or a session of others does not reach agents.
for (const signal of ['SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGPIPE'] as const) process.on(signal, () => {})
process.on('SIGTERM', () => stop.abort())
try {
  const ports = {
    clock: systemClock,
    logger,
    pid: process.pid,
    stop: stop.signal,
    onReady: () => {
      process.stdout.write('ready\n', () => process.stdout.destroy())
      // From a checkout: the next keeper need not load what turns TypeScript into JavaScript, which is 35 MB.
      flushCompileCache()
    },
  }
  await runKeeper(await readOrders(), ports)
  process.exit(0)
} catch (err) {
  logger.error({ err }, 'keeper failed')
  process.exit(1)
}
