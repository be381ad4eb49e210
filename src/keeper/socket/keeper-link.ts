// The gateway's side of one keeper's socket: a holder whose processes live over there.
// Owns the connection. When it breaks, everything that waits is told, once.

import type { Socket } from 'node:net'

import type { Clock, Timer } from '../../base/clock.ts'
import { deadline, ignore } from '../../base/deadline.ts'
import { HoldfastError, isErrorCode } from '../../base/errors.ts'
import type { Logger } from '../../observe/logger.ts'
import {
  decodeJsonBody,
  encodeFrame,
  encodeJson,
  FRAME,
  FRAME_BYTES_MAX,
  FrameReader,
  KEEPER_PROTOCOL,
  type Frame,
} from './frames.ts'
import { readHeld, readSpawned, readWelcome, type Welcome } from './keeper-answers.ts'
import type { Holder, SpawnOrder } from '../holder.ts'
import { Pulse } from './pulse.ts'
import { RemoteHeld } from './remote-held.ts'

export interface KeeperAddress {
  /** In a directory of mode 0700. */
  readonly socket: string
  readonly secret: string
  /** This life of the gateway; a keeper refuses an older one than it has seen. */
  readonly nodeEpoch: number
}

export interface KeeperLinkPorts {
  readonly clock: Clock
  readonly logger: Logger | undefined
  /** Called once when the connection ends without being asked to. `isSuperseded`: a newer life of the gateway took over. */
  onLost(link: KeeperLink, isSuperseded: boolean): void
}

const SPAWN_MS_MAX = 15_000
/** Acknowledgements wait so long for company: each wakes the keeper. */
const ACK_MS = 20
const LEAVE_MS_MAX = 1_000

/** Whose spawn it was is not known any more. */
const NOBODY = { sessionId: '', generation: 0, agent: '', terminal: undefined }

/** Modes: greeting -> open -> closed (by us, or lost). */
export class KeeperLink implements Holder {
  readonly #socket: Socket
  readonly #ports: KeeperLinkPorts
  readonly #reader = new FrameReader(FRAME_BYTES_MAX)
  readonly #held = new Map<number, RemoteHeld>()
  readonly #spawning = new Map<number, { order: SpawnOrder; waiting: PromiseWithResolvers<RemoteHeld> }>()
  readonly #welcomed = Promise.withResolvers<void>()
  readonly #pulse: Pulse
  readonly #ended = Promise.withResolvers<void>()
  #welcome: Welcome | undefined
  #wardenPid: number | undefined
  readonly #unacknowledged = new Set<RemoteHeld>()
  #acknowledging: Timer | undefined
  #isClosing = false
  #isSuperseded = false
  /** What is told from now on is for the next life of the gateway. */
  #isDeaf = false

  constructor(socket: Socket, ports: KeeperLinkPorts) {
    this.#socket = socket
    this.#ports = ports
    const ping = (): void => this.#write(encodeFrame(FRAME.ping, 0))
    this.#pulse = new Pulse({ clock: ports.clock, ping, onSilent: () => this.#onSilent() })
    socket.on('data', (chunk: Buffer) => this.#onData(chunk))
    socket.on('error', (cause) => this.#fail(unavailable(cause.message, cause)))
    socket.once('close', () => this.#closed())
  }

  get keeperNo(): number {
    return this.#opened().keeperNo
  }

  get pid(): number {
    return this.#opened().pid
  }

  get startTicks(): string | undefined {
    return this.#opened().startTicks
  }

  get version(): string {
    return this.#opened().version
  }

  get tagging(): Holder['tagging'] {
    return this.#opened().tagging
  }

  get tag(): string {
    return this.#opened().tag
  }

  get wardenPid(): number | undefined {
    return this.#wardenPid
  }

  /** Settles when the connection is over, however. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  held(): readonly RemoteHeld[] {
    return [...this.#held.values()]
  }

  greet({ secret, nodeEpoch }: KeeperAddress): Promise<void> {
    this.#write(encodeJson(FRAME.hello, 0, { protocol: KEEPER_PROTOCOL, secret, nodeEpoch }))
    return this.#welcomed.promise
  }

  async spawn(order: SpawnOrder): Promise<RemoteHeld> {
    const { leaseId, agent } = order
    if (this.#socket.destroyed) throw unavailable('it is gone')
    const waiting = Promise.withResolvers<RemoteHeld>()
    waiting.promise.catch(() => undefined)
    this.#spawning.set(leaseId, { order, waiting })
    this.#write(encodeJson(FRAME.spawn, leaseId, order))
    try {
      return await deadline(waiting.promise, { ms: SPAWN_MS_MAX, stage: `spawn of ${agent}` })
    } finally {
      this.#spawning.delete(leaseId)
    }
  }

  killNow(): void {
    this.#isClosing = true
    this.#write(encodeFrame(FRAME.killNow, 0))
  }

  /** The keeper stops everything and ends; `ended` settles when it has. */
  shutdown(): void {
    this.#isClosing = true
    this.#write(encodeFrame(FRAME.shutdown, 0))
  }

  /**
   * Lets go of the keeper, which keeps what it holds. Resolves when it has read everything that was sent to it: who connects
   * after that finds every frame and acknowledgement done. A keeper that hangs is waited for one second.
   */
  async leave(): Promise<void> {
    for (const held of this.#held.values()) held.flush()
    this.#end()
    this.#isDeaf = true
    this.#socket.end()
    await deadline(this.ended, { ms: LEAVE_MS_MAX, stage: 'leave of the keeper' }).catch(ignore('it is closed now'))
    this.#socket.destroy()
  }

  /** At once; what was not read over there is lost. */
  close(): void {
    this.#end()
    this.#socket.destroySoon()
  }

  #end(): void {
    this.#isClosing = true
    this.#pulse.stop()
    this.#acknowledging?.cancel()
  }

  #opened(): Welcome {
    if (this.#welcome === undefined) throw unavailable('it has not welcomed this gateway yet')
    return this.#welcome
  }

  #onData(chunk: Buffer): void {
    this.#pulse.heard()
    if (this.#isDeaf) return
    try {
      this.#reader.push(chunk, (frame) => this.#take(frame))
    } catch (error) {
      this.#fail(error as Error)
      this.#socket.destroy()
    }
  }

  #take({ kind, lease, body }: Frame): void {
    switch (kind) {
      case FRAME.welcome:
        return this.#onWelcome(readWelcome(decodeJsonBody(body)))
      case FRAME.refused:
        return this.#onRefused(decodeJsonBody(body))
      case FRAME.pong: {
        const { wardenPid } = decodeJsonBody(body)
        this.#wardenPid = typeof wardenPid === 'number' ? wardenPid : undefined
        return
      }
      case FRAME.spawned:
        return this.#onSpawned(lease, decodeJsonBody(body))
      case FRAME.spawnFailed:
        return this.#spawning.get(lease)?.waiting.reject(toError(decodeJsonBody(body)))
      default:
        // What crossed its `forget` has nobody who would hear it.
        this.#held.get(lease)?.take(kind, body)
    }
  }

  #onWelcome(welcome: Welcome): void {
    this.#welcome = welcome
    this.#wardenPid = welcome.wardenPid
    for (const each of welcome.held) this.#add(new RemoteHeld(readHeld(each), this.#heldPorts()))
    this.#pulse.start()
    this.#welcomed.resolve()
  }

  #onRefused(body: Record<string, unknown>): void {
    this.#isSuperseded = body['superseded'] === true
    this.#fail(toError(body))
    this.#socket.destroy()
  }

  #onSpawned(lease: number, body: Record<string, unknown>): void {
    const spawning = this.#spawning.get(lease)
    const { pid, startTicks, startedAt } = readSpawned(body)
    const { sessionId, generation, agent, terminal } = spawning?.order ?? NOBODY
    const label = { sessionId, generation, agent, terminal }
    const nothingYet = { acknowledged: 0, frames: [], stderr: '', pinned: [] }
    const facts = { leaseId: lease, pid, startTicks, startedAt, label, ...nothingYet }
    const held = this.#add(new RemoteHeld(facts, this.#heldPorts()))
    if (spawning !== undefined) return spawning.waiting.resolve(held)
    // Its caller gave up waiting, or was an earlier life of the gateway: nobody would ever stop it.
    held.abandon()
  }

  #add(held: RemoteHeld): RemoteHeld {
    this.#held.set(held.leaseId, held)
    return held
  }

  #heldPorts(): ConstructorParameters<typeof RemoteHeld>[1] {
    return {
      write: (frames) => this.#write(frames),
      flushed: () => this.#flushed(),
      onForgotten: ({ leaseId }) => this.#held.delete(leaseId),
      acknowledgeSoon: (held) => this.#acknowledgeSoon(held),
    }
  }

  #acknowledgeSoon(held: RemoteHeld): void {
    const { clock } = this.#ports
    this.#unacknowledged.add(held)
    this.#acknowledging ??= clock.at(clock.now() + ACK_MS, () => {
      this.#acknowledging = undefined
      for (const each of this.#unacknowledged) each.flush()
      this.#unacknowledged.clear()
    })
  }

  #write(frames: readonly Buffer[]): void {
    const socket = this.#socket
    if (!socket.writable) return
    if (frames.length === 1) return void socket.write(frames[0]!)
    socket.cork()
    for (const bytes of frames) socket.write(bytes)
    socket.uncork()
  }

  /** What is in the socket when this process ends is read by the keeper all the same. */
  #flushed(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    if (this.#socket.writable)
      this.#socket.write(Buffer.alloc(0), (error) => resolve(error === null || error === undefined))
    else resolve(false)
    return promise
  }

  #onSilent(): void {
    const { keeperNo, pid } = this
    this.#ports.logger?.error({ keeperNo, pid }, 'the keeper does not answer; it is ended')
    this.#socket.destroy()
  }

  #fail(error: Error): void {
    this.#welcomed.reject(error)
    for (const { waiting } of this.#spawning.values()) waiting.reject(error)
  }

  #closed(): void {
    this.#pulse.stop()
    this.#acknowledging?.cancel()
    this.#fail(unavailable('it closed the connection'))
    this.#ended.resolve()
    if (this.#isClosing || this.#welcome === undefined) return
    this.#ports.onLost(this, this.#isSuperseded)
    if (!this.#isSuperseded) for (const held of this.#held.values()) held.lose()
  }
}

function unavailable(reason: string, cause?: unknown): HoldfastError {
  return new HoldfastError('KEEPER_UNAVAILABLE', { reason }, { cause })
}

function toError({ code, details, ...rest }: Record<string, unknown>): HoldfastError {
  const facts = typeof details === 'object' && details !== null ? { ...rest, ...details } : rest
  return new HoldfastError(isErrorCode(code) ? code : 'KEEPER_PROTOCOL_ERROR', facts)
}
