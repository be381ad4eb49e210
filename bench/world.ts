// The sides that a run needs, each opened on first use with one warm session, all ended together.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { LOOP_DELAY_IMPORT } from './loop-delay.ts'
import { startSide } from './side-process.ts'
import type { SideName, SideProcess } from './side-process.ts'

export interface OpenSide {
  readonly side: SideProcess
  /** The process that carries the turns. */
  readonly pid: number
  readonly home: string
  /** From the start of the process until it is ready. */
  readonly readyMs: number
  /** A session whose agent runs. */
  readonly session: string
}

export interface OpenOptions {
  readonly scope: AsyncDisposableStack
  /** Further arguments of Node for the process under test. */
  readonly execArgv?: readonly string[]
}

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const LAUNCHER = fileURLToPath(new URL('../bin/holdfast.cjs', import.meta.url))
const AGENT = fileURLToPath(new URL('./agents/bench-agent.mjs', import.meta.url))
/** Room for `run/gateway.sock` in a socket's path. */
const HOME_CHARS_MAX = 80

export class World implements AsyncDisposable {
  readonly agent: readonly [string, string] = [process.execPath, AGENT]
  readonly #root: string
  readonly #scope = new AsyncDisposableStack()
  readonly #open = new Map<SideName, Promise<OpenSide>>()
  #homes = 0

  /** The side that stands for Holdfast. */
  readonly main: SideName
  readonly launcher: string

  constructor(main: SideName, launcher: string = LAUNCHER) {
    this.main = main
    this.launcher = launcher
    this.#root = makeRoot()
    this.#scope.defer(() => rmSync(this.#root, { recursive: true, force: true }))
  }

  /** A side for the whole run; the same one for every measure. */
  side(name: SideName): Promise<OpenSide> {
    const known = this.#open.get(name)
    if (known !== undefined) return known
    const opening = this.openSide(name, this.newHome(), { scope: this.#scope })
    this.#open.set(name, opening)
    return opening
  }

  /** Another side of its own, ended with `scope`. The gateway gets the probe of the event loop. */
  async openSide(name: SideName, home: string, { scope, execArgv = [] }: OpenOptions): Promise<OpenSide> {
    const side = scope.use(startSide(name))
    const preload = name === 'gateway' || name === 'inline' ? ['--import', LOOP_DELAY_IMPORT] : []
    const { pid, readyMs } = await side.open({
      home,
      agent: this.agent,
      launcher: this.launcher,
      hosting: name === 'inline' ? 'inline' : 'keeper',
      execArgv: [...preload, ...execArgv],
    })
    const { session } = await side.coldStart()
    return { side, pid, home, readyMs, session }
  }

  /** A directory that is not there yet, on the disk of the repository. */
  newHome(): string {
    this.#homes += 1
    return join(this.#root, String(this.#homes))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scope.disposeAsync()
  }
}

/** Inside the repository, in what git ignores; elsewhere when the path is too long for a socket. */
function makeRoot(): string {
  const wanted = join(ROOT, '.holdfast')
  const parent = wanted.length > HOME_CHARS_MAX - 20 ? tmpdir() : wanted
  mkdirSync(parent, { recursive: true, mode: 0o700 })
  return mkdtempSync(join(parent, 'bench-'))
}
