// The parent's end of a side: starts its process, calls its methods, bounds every wait, ends it.

import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import { deadline } from '../src/base/deadline.ts'
import type { Answer, Call, Side } from './side.ts'

const CALL_MS_MAX = 90_000
const EXIT_MS_MAX = 45_000

/** `inline` is the gateway with its agents inside itself; `facade` and `bridge` are editors in front of it. */
export type SideName = 'floor' | 'gateway' | 'inline' | 'facade' | 'bridge' | 'acpx' | 'in-process'

export interface SideProcess extends Side, AsyncDisposable {
  readonly name: SideName
}

/** Sides whose program is that of another one. */
const PROGRAMS: Partial<Readonly<Record<SideName, string>>> = { inline: 'gateway', bridge: 'facade' }

/** Starts `<name>-side.ts`. Each call rejects with what the side said, or when it takes longer than 90 s. */
export function startSide(name: SideName): SideProcess {
  const file = fileURLToPath(new URL(`./${PROGRAMS[name] ?? name}-side.ts`, import.meta.url))
  const child = fork(file, [name], { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const calls = new Calls(name, child)
  return {
    name,
    open: (...args) => calls.call('open', args),
    coldStart: (...args) => calls.call('coldStart', args),
    prompt: (...args) => calls.call('prompt', args),
    close: () => calls.call('close', []),
    [Symbol.asyncDispose]: () => end(child),
  }
}

class Calls {
  readonly #name: SideName
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #lastId = 0

  constructor(name: SideName, child: ChildProcess) {
    this.#name = name
    this.#child = child
    child.on('message', (answer: Answer) => this.#settle(answer))
    child.once('exit', (code, signal) => this.#lose(`${name}: exited (${code ?? signal})`))
  }

  call<M extends keyof Side>(method: M, args: Parameters<Side[M]>): ReturnType<Side[M]> {
    const id = ++this.#lastId
    const waiting = Promise.withResolvers<unknown>()
    this.#waiting.set(id, waiting)
    this.#child.send({ id, method, args } satisfies Call)
    const bounded = deadline(waiting.promise, { ms: CALL_MS_MAX, stage: `${this.#name}.${method}` })
    return bounded as ReturnType<Side[M]>
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if (answer.ok) waiting?.resolve(answer.value)
    else waiting?.reject(new Error(`${this.#name}: ${answer.error}`))
  }

  #lose(reason: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(reason))
    this.#waiting.clear()
  }
}

/** Closing the channel asks the side to end what it started; a side that does not is killed. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  if (child.connected) child.disconnect()
  try {
    await deadline(exited, { ms: EXIT_MS_MAX, stage: 'end of a side' })
  } catch {
    child.kill('SIGKILL')
    await exited
  }
}
