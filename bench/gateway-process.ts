// A real gateway, started by its own command line in a home of its own, and stopped again.

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { deadline } from '../src/base/deadline.ts'
import { childEnvironment } from './child-environment.ts'
import type { GatewayAddress } from './gateway-client.ts'
import { loopDelayFile } from './loop-delay.ts'
import type { SideOptions } from './side.ts'

export const AGENT_NAME = 'bench'

const READY_MS_MAX = 30_000
const STOP_MS_MAX = 20_000
const LOG_CHARS_MAX = 20_000

export interface GatewayProcess extends AsyncDisposable {
  readonly pid: number
  /** Its keepers that live now. */
  keepers(): number[]
  readonly address: GatewayAddress
  /** From the start of the process until it said that it is ready. */
  readonly readyMs: number
}

/** The home is made, its configuration written; what it stores stays when the gateway is stopped. */
export async function startGateway({
  home,
  agent,
  launcher,
  hosting = 'keeper',
  config = {},
  execArgv = [],
}: SideOptions): Promise<GatewayProcess> {
  prepareHome(home, agent, { 'keeper.hosting': hosting, ...config })
  const from = performance.now()
  const child = spawn(process.execPath, [...execArgv, launcher, 'serve'], {
    env: childEnvironment({ HOLDFAST_HOME: home, BENCH_LOOP_DELAY_FILE: loopDelayFile(home) }),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  try {
    await deadline(readyLine(child), { ms: READY_MS_MAX, stage: 'start of the gateway' })
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
  const readyMs = performance.now() - from
  const token = readFileSync(join(home, 'state', 'token'), 'utf8').trim()
  const address = { socketPath: join(home, 'run', 'gateway.sock'), token }
  return { pid: child.pid!, keepers: () => keepersOf(home), address, readyMs, [Symbol.asyncDispose]: () => stop(child) }
}

function prepareHome(home: string, agent: SideOptions['agent'], more: Readonly<Record<string, unknown>>): void {
  mkdirSync(home, { recursive: true, mode: 0o700 })
  const config = {
    agents: { [AGENT_NAME]: { command: agent } },
    'log.level': 'info',
    'http.enabled': false,
    'limits.turnEventsMax': 10_000_000,
    ...more,
  }
  writeFileSync(join(home, 'config.jsonc'), JSON.stringify(nested(config)), { mode: 0o600 })
}

/** A keeper has its socket on its command line. */
export function keepersOf(home: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && commandOf(pid).includes(join(home, 'run', 'k')))
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return '' // it has ended
  }
}

/** `{ 'a.b': 1 }` as `{ a: { b: 1 } }`. */
function nested(flat: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const tree: Record<string, unknown> = {}
  for (const [path, value] of Object.entries(flat)) {
    const [group = '', name] = path.split('.')
    tree[group] = name === undefined ? value : { ...(tree[group] as object), [name]: value }
  }
  return tree
}

/** Resolves at `holdfast: ready on …`; rejects with what the process said when it ends instead. */
function readyLine(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      if (said.length < LOG_CHARS_MAX) said += chunk
      if (said.includes('ready on ')) resolve()
    })
    child.once('exit', (code, signal) => reject(new Error(`the gateway ended (${code ?? signal}): ${said}`)))
  })
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  try {
    await deadline(exited, { ms: STOP_MS_MAX, stage: 'stop of the gateway' })
  } catch {
    child.kill('SIGKILL')
    await exited
  }
}
