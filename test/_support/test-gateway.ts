// A real gateway in a process of its own, as a user starts it: `holdfast serve` in a temporary home, on its unix socket.
// `kill` and `start` are separate lives on the same home; disposing it stops the gateway and fails when a process is left.

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createSocketTransport } from '../../src/cli/socket-transport.ts'
import type { SocketTransport } from '../../src/cli/socket-transport.ts'
import { HoldfastClient } from '../../src/client/client.ts'
import { readToken } from '../../src/config/token.ts'
import type { EventView } from '../../src/wire/event.ts'
import type { TurnView } from '../../src/wire/turn.ts'
import { killPid } from './kill.ts'
import { LAUNCHER } from './launcher.ts'
import { listLeaks } from './leak-check.ts'
import { until } from './until.ts'

export interface TestAgent {
  readonly command: readonly [string, ...string[]]
  readonly env?: Readonly<Record<string, string>>
  readonly terminals?: boolean
  readonly protocol?: 1 | 2 | 'auto'
  readonly files?: 'none' | 'read' | 'write'
}

export interface GatewaySetup {
  readonly agents?: Readonly<Record<string, TestAgent>>
  /** Further keys of the configuration file, by section. */
  readonly config?: Readonly<Record<string, object>>
}

const SERVE_AS = join(import.meta.dirname, 'serve-as.ts')
const SCRIPTED = join(import.meta.dirname, '../agents/scripted-agent.mjs')
const READY_MS = 20_000
const EXIT_MS = 30_000
const LEAKS_MS = 15_000
const OUTPUT_SHOWN = 4_000
/** Tests kill gateways for a living: that is no reason for safe mode. Those that are about it say so. */
const NO_BRAKE = { HOLDFAST_SUPERVISION_CRASHES_MAX: '0' }

export class TestGateway implements AsyncDisposable {
  readonly home: string
  readonly workspace: string
  /** What the scripted agent received, one JSON object a line. */
  readonly journal: string
  /** A word in the environment of the gateway and so of everything it starts. */
  readonly mark: string
  output = ''
  /** Later lives say that they are of this version; undefined: their own. */
  version: string | undefined
  #child: ChildProcess | undefined
  #transport: SocketTransport | undefined

  private constructor(home: string) {
    this.home = home
    this.workspace = join(home, 'work')
    this.journal = join(home, 'journal.jsonl')
    this.mark = `LC_HOLDFAST_TEST=${home.slice(-6)}`
  }

  static async start(setup?: GatewaySetup): Promise<TestGateway> {
    const gateway = await TestGateway.prepare(setup)
    await gateway.start()
    return gateway
  }

  /** A home in which nothing was started yet. */
  static async prepare({ agents = {}, config = {} }: GatewaySetup = {}): Promise<TestGateway> {
    const gateway = new TestGateway(await mkdtemp(join(tmpdir(), 'hf-')))
    const scripted: TestAgent = {
      terminals: true,
      command: [process.execPath, SCRIPTED, `--journal=${gateway.journal}`, `--state=${gateway.home}`],
    }
    const stubborn: TestAgent = { ...scripted, command: [...scripted.command, '--term=ignore', '--eof=ignore'] }
    await mkdir(gateway.workspace)
    await writeFile(gateway.journal, '')
    const file = { http: { enabled: false }, ...config, agents: { ...config['agents'], scripted, stubborn, ...agents } }
    await writeFile(join(gateway.home, 'config.jsonc'), JSON.stringify(file))
    return gateway
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  get process(): ChildProcess | undefined {
    return this.#child
  }

  get client(): HoldfastClient {
    const transport = (this.#transport ??= createSocketTransport(join(this.home, 'run/gateway.sock')))
    return new HoldfastClient({ transport, token: () => readToken(join(this.home, 'state/token')) })
  }

  /** A further life on the same home; `env` is for it alone. */
  async start(env?: Readonly<Record<string, string>>): Promise<void> {
    this.launch(env)
    await this.ready()
  }

  /** Resolves when the life launched last is ready; rejects at once when it ends before. */
  async ready(): Promise<void> {
    const child = this.#child
    const isReady = async (): Promise<boolean> => {
      if (child === undefined || hasEnded(child))
        throw new Error(`the gateway ended in its start: ${this.output.slice(-OUTPUT_SHOWN)}`)
      return this.client.isReady()
    }
    await until(isReady, { ms: READY_MS, what: () => `the gateway is ready: ${this.output.slice(-OUTPUT_SHOWN)}` })
  }

  /** A further life, from its first instruction on; waits for nothing, so that it can be killed in its start. */
  launch(env?: Readonly<Record<string, string>>, argv = this.#program()): ChildProcess {
    const child = this.#spawn(argv, env)
    this.#child = child
    child.stderr?.on('data', (chunk: Buffer) => (this.output += chunk.toString()))
    return child
  }

  #program(): readonly string[] {
    return this.version === undefined ? [LAUNCHER, 'serve'] : [SERVE_AS, this.version]
  }

  /** One command of the command line, in this home. */
  spawn(...args: string[]): ChildProcess {
    return this.#spawn([LAUNCHER, ...args])
  }

  #spawn(argv: readonly string[], more: Readonly<Record<string, string>> = {}): ChildProcess {
    return this.spawnProgram(process.execPath, argv, more)
  }

  /** Any program, in the workspace and with the environment of this gateway. */
  spawnProgram(command: string, args: readonly string[], more: Readonly<Record<string, string>> = {}): ChildProcess {
    const [name, value] = this.mark.split('=') as [string, string]
    const env = { ...process.env, ...NO_BRAKE, HOLDFAST_HOME: this.home, [name]: value, NO_COLOR: '1', ...more }
    return spawn(command, args, { cwd: this.workspace, env, stdio: ['pipe', 'pipe', 'pipe'] })
  }

  /** Runs one command to its end. */
  async run(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const child = this.spawn(...args)
    const out = { stdout: '', stderr: '' }
    child.stdout?.on('data', (chunk: Buffer) => (out.stdout += chunk.toString()))
    child.stderr?.on('data', (chunk: Buffer) => (out.stderr += chunk.toString()))
    child.stdin?.end()
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
    return { code, ...out }
  }

  /** Ends the life launched last, or `child`. */
  async kill(
    signal: NodeJS.Signals = 'SIGKILL',
    child: ChildProcess | undefined = this.#child,
  ): Promise<number | null> {
    if (child === undefined || hasEnded(child)) return child?.exitCode ?? null
    const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
    child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), EXIT_MS)
    const code = await exited
    clearTimeout(timer)
    this.#disconnect()
    return code
  }

  /** Resolves with how the life launched last ended by itself. */
  async died(msMax = EXIT_MS): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    const child = this.#child
    if (child === undefined) throw new Error('nothing was launched')
    await until(() => hasEnded(child), {
      ms: msMax,
      what: () => `the gateway ended: ${this.output.slice(-OUTPUT_SHOWN)}`,
    })
    this.#disconnect()
    return { code: child.exitCode, signal: child.signalCode }
  }

  /** Ends whoever serves this home now, such as the successor of what was launched, and waits until its process is gone. */
  async stopWhoeverServes(): Promise<void> {
    const { code, stderr } = await this.run('stop', '--now')
    if (code !== 0) throw new Error(`nobody was stopped: ${stderr}`)
    this.#disconnect()
  }

  #disconnect(): void {
    this.#transport?.[Symbol.dispose]()
    this.#transport = undefined
  }

  async newSession(agent = 'scripted', more: object = {}): Promise<string> {
    const { session } = await this.client.createSession({ agent, cwd: this.workspace, ...more })
    return session.id
  }

  /** Sends a prompt and waits for the end of its turn. */
  async ask(session: string, prompt: string): Promise<TurnView> {
    const { turn } = await this.client.prompt(session, { prompt })
    return this.ended(session, turn.id)
  }

  async ended(session: string, turnId: string, waitMs = 30_000): Promise<TurnView> {
    const turn = await this.client.waitTurn(session, turnId, waitMs)
    if (turn.outcome === null) throw new Error(`turn ${turnId} is ${turn.state} after ${waitMs} ms`)
    return turn
  }

  async events(session: string): Promise<EventView[]> {
    return (await this.client.listEvents(session, { limit: 1_000 })).events
  }

  /** The agent's text of a session, in order. */
  async text(session: string): Promise<string> {
    const events = await this.events(session)
    return events.map((event) => textOf(event.data)).join('')
  }

  /** What the scripted agent received, by kind. */
  async received(kind: string): Promise<Record<string, unknown>[]> {
    const lines = (await readFile(this.journal, 'utf8')).split('\n').filter((line) => line !== '')
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter((entry) => entry['kind'] === kind)
  }

  /** Everything that this gateway started and that lives, its keepers too. */
  leaks(): ReturnType<typeof listLeaks> {
    const own = new Map(this.#all().map((row) => [row.pid, row]))
    own.delete(this.pid)
    return [...own.values()]
  }

  /** Keepers of this home that live. */
  keepers(): number[] {
    return listLeaks({ mark: join(this.home, 'run/k') }).map(({ pid }) => pid)
  }

  /** What lives besides gateway and keepers: agents and what they started. */
  agents(): ReturnType<typeof listLeaks> {
    const all = this.leaks()
    // Looked for afterwards: one that begins between the two looks is no agent.
    const keepers = new Set(this.keepers())
    return all.filter(({ pid }) => !keepers.has(pid))
  }

  /** Ends the keepers as a crash would; their wardens end what they held. */
  killKeepers(signal: NodeJS.Signals = 'SIGKILL'): void {
    for (const pid of this.keepers()) killPid(pid, signal)
  }

  #all(): ReturnType<typeof listLeaks> {
    return [...listLeaks({ mark: this.mark }), ...listLeaks({ mark: join(this.home, 'run/k') })]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill('SIGTERM')
    // After a SIGKILL the keeper waits for a gateway that does not come.
    this.killKeepers('SIGTERM')
    const what = (): string => `no process is left: ${JSON.stringify(this.leaks())}`
    await until(() => this.leaks().length === 0, { ms: LEAKS_MS, what })
    await rm(this.home, { recursive: true, force: true })
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

function textOf(data: unknown): string {
  const update = data as { sessionUpdate?: string; content?: { text?: string } }
  return update.sessionUpdate === 'agent_message_chunk' ? (update.content?.text ?? '') : ''
}
