// `holdfast acp`: an ACP agent on stdin and stdout, for editors. Passes messages between the editor and the gateway, and brings the
// connection back when the gateway was restarted. Stdout carries nothing but the protocol.

import type { Readable } from 'node:stream'

import { deadline, ignore, pause } from '../../base/deadline.ts'
import { HoldfastError } from '../../base/errors.ts'
import { decodeLines, LineFramer } from '../../base/line-framer.ts'
import { pathsOf } from '../../config/paths.ts'
import type { Paths } from '../../config/paths.ts'
import { readToken } from '../../config/token.ts'
import { Bridge } from '../acp/bridge.ts'
import { openGatewayLink } from '../acp/gateway-link.ts'
import type { GatewayLink } from '../acp/gateway-link.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { isListening, openGateway } from '../gateway.ts'

export interface AcpCommandOptions {
  readonly agent?: string
  readonly ignoreMcpServers?: boolean
}

const LINE_BYTES_MAX = 64 * 1024 * 1024
/** A restart takes about a second; a gateway that somebody stopped is started again only for somebody who asks something. */
const START_AFTER_MS = 3_000
const GIVE_UP_AFTER_MS = 60_000
const RETRY_MS = [50, 100, 200, 400, 1_000] as const
/** What was asked before the editor closed stdin is answered, if that is quick (F-29). */
const FLUSH_MS = 1_500
const LEAVE_MS = 300
const POLL_MS = 20

export async function acp(context: CommandContext, options: AcpCommandOptions): Promise<number> {
  if (context.deps.terminal.stdinIsTty)
    context.screen.note('an editor starts this and speaks ACP with it; see docs/editors.md')
  using _ = await openGateway(context) // started if there is none: from here on it is there, or comes back
  const run = new BridgeRun(context, options)
  return await run.run()
}

class BridgeRun {
  readonly #context: CommandContext
  readonly #paths: Paths
  readonly #target: string
  readonly #bridge: Bridge
  readonly #over = new AbortController()
  #link: GatewayLink | undefined
  #resume: (() => void) | undefined
  #exitCode: number = EXIT.done

  constructor(context: CommandContext, { agent, ignoreMcpServers }: AcpCommandOptions) {
    this.#context = context
    this.#paths = pathsOf(context.deps.env)
    const query = new URLSearchParams({ ...(agent && { agent }), ...(ignoreMcpServers && { mcp_servers: 'ignore' }) })
    this.#target = query.size === 0 ? '/acp' : `/acp?${query.toString()}`
    this.#bridge = new Bridge({ toEditor: (line) => this.#toEditor(line) })
  }

  /** Resolves with the exit code when the editor has gone. */
  async run(): Promise<number> {
    const { screen, deps } = this.#context
    screen.out.closed.addEventListener('abort', () => this.#end(), { once: true })
    const connected = this.#stayConnected()
    await this.#readEditor(deps.terminal.stdin)
    await this.#flush()
    this.#end()
    await connected
    return this.#exitCode
  }

  /** Resolves when the editor has closed its end, or we have. */
  #readEditor(stdin: Readable): Promise<void> {
    const framer = new LineFramer(LINE_BYTES_MAX)
    stdin.on('data', (chunk: Buffer) => {
      this.#take(framer.push(chunk)?.bytes)
      if (framer.isTooLong) this.#refuseLine()
    })
    return new Promise((resolve) => {
      stdin.once('end', () => {
        this.#take(framer.end()?.bytes)
        resolve()
      })
      stdin.once('close', resolve)
      stdin.once('error', () => resolve())
    })
  }

  #take(lines: Buffer | undefined): void {
    if (lines !== undefined) for (const line of decodeLines(lines)) this.#bridge.fromEditor(line)
  }

  #refuseLine(): void {
    this.#context.screen.note(`the editor sent a message of more than ${LINE_BYTES_MAX / 1024 / 1024} MB`)
    this.#exitCode = EXIT.usage
    this.#end()
  }

  #toEditor(line: string): void {
    const { out } = this.#context.screen
    out.write(`${line}\n`)
    if (this.#resume !== undefined || !this.#isFull()) return
    this.#resume = this.#link?.pause()
    void this.#resumeWhenDrained()
  }

  async #resumeWhenDrained(): Promise<void> {
    await this.#context.screen.out.drained()
    this.#resume?.()
    this.#resume = undefined
  }

  #isFull(): boolean {
    return this.#context.deps.terminal.stdout.writableNeedDrain
  }

  /** One connection after the other, until the editor has gone. */
  async #stayConnected(): Promise<void> {
    let downSince = performance.now()
    for (let attempt = 0; !this.#over.signal.aborted; attempt += 1) {
      try {
        const link = await this.#connect()
        attempt = 0
        await this.#serve(link)
        downSince = performance.now()
      } catch (error) {
        await this.#bearWith(error, performance.now() - downSince)
      }
      const ms = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)] ?? 0
      await pause(ms, this.#over.signal).catch(ignore('the editor has gone'))
    }
  }

  #connect(): Promise<GatewayLink> {
    return openGatewayLink({
      socketPath: this.#paths.socket,
      token: readToken(this.#paths.tokenFile),
      target: this.#target,
      received: (line) => this.#bridge.fromGateway(line),
    })
  }

  async #serve(link: GatewayLink): Promise<void> {
    this.#link = link
    if (this.#over.signal.aborted) link.close()
    this.#bridge.connected(link)
    await link.closed
    this.#bridge.disconnected()
    this.#link = undefined
    this.#resume = undefined
  }

  /** The gateway is not there. It is started when somebody waits for it, and given up after a minute. */
  async #bearWith(error: unknown, downMs: number): Promise<void> {
    if (this.#bridge.pendingCount(true) === 0) return
    if (downMs > GIVE_UP_AFTER_MS) return this.#giveUp(error)
    if (downMs < START_AFTER_MS || !this.#context.mayStart || (await isListening(this.#paths.socket))) return
    try {
      using _ = await openGateway(this.#context)
    } catch (failure) {
      this.#giveUp(failure)
    }
  }

  #giveUp(error: unknown): void {
    const help = error instanceof HoldfastError ? `${error.message} ${error.help}` : 'The gateway cannot be reached.'
    this.#bridge.giveUp(`${help} A prompt that it had accepted goes on there.`)
  }

  async #flush(): Promise<void> {
    const until = performance.now() + FLUSH_MS
    while (this.#bridge.pendingCount(false) > 0 && performance.now() < until && !this.#over.signal.aborted)
      await pause(POLL_MS)
  }

  #end(): void {
    if (this.#over.signal.aborted) return
    this.#over.abort()
    this.#context.deps.terminal.stdin.destroy()
    void this.#leave()
  }

  async #leave(): Promise<void> {
    const link = this.#link
    link?.close()
    if (link !== undefined) await deadline(link.closed, { ms: LEAVE_MS, stage: 'leaving' }).catch(() => link.cut())
  }
}
