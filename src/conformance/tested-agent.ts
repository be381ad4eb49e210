// One agent process that is looked at: what is asked of it, what it says, how it ends. Owns its pipes and its end.
// Judges nothing, and tidies nothing up that a report has to tell.

import { JsonRpcPeer } from '../acp/peer.ts'
import { RPC_CODES } from '../acp/rpc.ts'
import type { IncomingNotification, IncomingRequest, PeerWarning } from '../acp/rpc.ts'
import type { Clock } from '../base/clock.ts'
import { deadline, ignore, pause } from '../base/deadline.ts'
import { HoldfastError } from '../base/errors.ts'
import type { Json, JsonObject } from '../base/json.ts'
import { decodeLines } from '../base/line-framer.ts'
import { FramedOutput } from '../process/framed-output.ts'
import { readArgv } from '../process/kill-tagged.ts'
import { LineInput, type InputLoss } from '../process/line-input.ts'
import type { ProcessScanner } from '../process/process-scanner.ts'
import { ProcessTree } from '../process/process-tree.ts'
import { signalGroup } from '../process/signals.ts'
import type { Child, ExitStatus } from '../process/spawn.ts'
import { StderrRing } from '../process/stderr-ring.ts'
import { climbStopLadder } from '../process/stop-ladder.ts'
import type { LadderReport } from '../process/stop-ladder.ts'
import type { Ownership } from '../process/tag-value.ts'

/** What a turn wants to hear; between turns nobody listens. */
export interface AgentEar {
  update(params: JsonObject): void
  /** The outcome of a permission request. */
  permission(params: JsonObject): JsonObject
}

export interface AskOptions {
  /** Bound of the wait in milliseconds. */
  readonly ms: number
  readonly signal: AbortSignal
}

export interface TestedAgentDeps {
  readonly owner: Ownership
  readonly scanner: ProcessScanner
  readonly clock: Clock
}

const LINE_BYTES_MAX = 32 * 1024 * 1024
const NOISE: ReadonlySet<PeerWarning['kind']> = new Set(['not_json', 'not_a_message'])
/** Children of an agent that has ended have this long to see that. */
const LEFTOVER_MS = 1_000
const LEFTOVER_PAUSE_MS = 50
const END_GRACE_MS = 250

/** Modes: running, then ended for ever; `ear` is set and unset by turns. */
export class TestedAgent implements AsyncDisposable {
  ear: AgentEar | undefined
  readonly #child: Child
  readonly #deps: TestedAgentDeps
  readonly #input: LineInput
  readonly #peer: JsonRpcPeer
  readonly #stderr = new StderrRing()
  readonly #noise: string[] = []
  #noiseLines = 0
  #stopped: Promise<LadderReport> | undefined

  constructor(child: Child, deps: TestedAgentDeps) {
    this.#child = child
    this.#deps = deps
    this.#input = new LineInput(child.stdin, {
      clock: deps.clock,
      onInputLost: (why) => void this.#onInputLost(why),
    })
    this.#peer = new JsonRpcPeer({
      role: 'client',
      send: (line) => this.#input.send(line),
      handlers: {
        request: (request) => this.#onRequest(request),
        notification: (notification) => this.#onNotification(notification),
        warning: (warning) => this.#onWarning(warning),
      },
    })
    const output = new FramedOutput(child.stdout, LINE_BYTES_MAX, {
      onLines: ({ bytes }) => decodeLines(bytes).forEach((line) => this.#peer.receive(line)),
      onEnd: (why) => void this.#onOutputEnd(why),
    })
    child.stderr.on('data', (chunk: Buffer) => this.#stderr.push(chunk))
    void child.exited.then((exit) => output.drain().then(() => this.#lose(describeExit(exit))))
  }

  /** Lines on its output that were no message: how many, and the first of them. */
  get noise(): { readonly lines: number; readonly first: string | undefined } {
    return { lines: this.#noiseLines, first: this.#noise[0] }
  }

  get hasEnded(): boolean {
    return this.#child.exit() !== undefined
  }

  /** What it wrote to stderr last: a line that speaks of an error, else the last one; empty when there is none. */
  lastWords(): string {
    const lines = this.#stderr.tail().trimEnd().split('\n')
    return (lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? '').trim()
  }

  /** Rejects with RpcError, DEADLINE, CANCELLED, or AGENT_EXITED when it cannot answer any more. */
  ask(method: string, params: JsonObject, { ms, signal }: AskOptions): Promise<Json> {
    return this.#peer.call(method, params, { ms, signal, stage: method })
  }

  tell(method: string, params: JsonObject): void {
    this.#peer.notify(method, params)
  }

  endInput(): void {
    this.#input.end()
  }

  /** SIGTERM to its group, while its input stays open. */
  terminate(): void {
    if (this.#child.birth !== undefined) signalGroup(this.#child.birth, 'SIGTERM')
  }

  /** How it ended; undefined when it did not within `ms`. */
  async exitWithin(ms: number): Promise<ExitStatus | undefined> {
    await deadline(this.#child.exited, { ms, stage: 'exit' }).catch(ignore('the answer is what `exit` says'))
    return this.#child.exit()
  }

  /** Command lines of what it has left running, once it has ended itself; after a moment for its children to end. Ends nothing. */
  async leftBehind(): Promise<string[]> {
    const { owner, scanner, clock } = this.#deps
    const tree = new ProcessTree({ owner, root: this.#child.birth })
    const until = clock.now() + LEFTOVER_MS
    for (;;) {
      const { found } = tree.absorb(await scanner.scan())
      const left = found.filter(({ pid }) => pid !== this.#child.pid)
      if (left.length === 0 || clock.now() > until)
        return left.map(({ pid }) => readArgv(pid).join(' ') || `pid ${pid}`)
      await pause(LEFTOVER_PAUSE_MS)
    }
  }

  /** Ends it and everything that it started. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { owner, scanner } = this.#deps
    const target = { child: this.#child, owner, endInput: () => this.#input.end() }
    await (this.#stopped ??= climbStopLadder(target, scanner))
  }

  /** A process that exits closes its output a moment before: then the exit is what is told. */
  async #onOutputEnd(why: 'end' | 'tooLong'): Promise<void> {
    if (why === 'tooLong') return this.#lose('it wrote a line of more than 32 MiB')
    if ((await this.exitWithin(END_GRACE_MS)) === undefined) this.#lose('it closed its output')
  }

  async #onInputLost(why: InputLoss): Promise<void> {
    if (why === 'stalled') return this.#lose('it does not read its input')
    if ((await this.exitWithin(END_GRACE_MS)) === undefined) this.#lose('it closed its input')
  }

  #lose(reason: string): void {
    const details = { agent: 'agent', exit: reason, stage: 'the test', stderr: this.lastWords() }
    this.#peer.close(new HoldfastError('AGENT_EXITED', details))
  }

  #onNotification({ method, params }: IncomingNotification): void {
    if (method === 'session/update') this.ear?.update(params)
  }

  /** Nothing but permission requests is served: nothing else was offered to it. */
  #onRequest({ id, method, params }: IncomingRequest): void {
    if (method === 'session/request_permission') {
      const outcome = this.ear?.permission(params) ?? { outcome: 'cancelled' }
      return this.#peer.respond(id, { outcome })
    }
    const message = `Method not found: ${method.slice(0, 100)}`
    this.#peer.respondError(id, { code: RPC_CODES.methodNotFound, message })
  }

  #onWarning({ kind, excerpt, count }: PeerWarning): void {
    if (!NOISE.has(kind)) return
    if (this.#noise.length === 0) this.#noise.push(excerpt)
    this.#noiseLines = Math.max(this.#noiseLines + 1, count)
  }
}

export function describeExit({ code, signal }: ExitStatus): string {
  return signal === null ? `it exited with code ${code}` : `it ended by ${signal}`
}
