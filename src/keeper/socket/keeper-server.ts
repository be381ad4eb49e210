// The keeper's side of its socket: lets one gateway in at a time, the newest life of it, and carries frames to and from the
// processes held. Owns the connections. Decides nothing about agents.

import { timingSafeEqual } from 'node:crypto'
import type { Socket } from 'node:net'

import type { Clock, Timer } from '../../base/clock.ts'
import { toStoredError } from '../../base/errors.ts'
import type { Logger } from '../../observe/logger.ts'
import {
  broken,
  decodeJsonBody,
  decodeNumberBody,
  decodeSendBody,
  encodeJson,
  FRAME,
  FRAME_BYTES_MAX,
  FrameReader,
  HELLO_BYTES_MAX,
  KEEPER_PROTOCOL,
  type Frame,
} from './frames.ts'
import type { HeldProcess } from '../held/held-process.ts'
import type { LocalHolder } from '../local-holder.ts'
import { SocketReader } from './socket-reader.ts'
import { readHello, readLabel, readPin, readSpawnOrder, type Hello } from './keeper-bodies.ts'

/** What is served. */
export type ServedHolder = Pick<
  LocalHolder,
  'keeperNo' | 'tagging' | 'tag' | 'wardenPid' | 'held' | 'find' | 'spawn' | 'killNow'
>

export interface KeeperServerDeps {
  readonly holder: ServedHolder
  readonly secret: string
  readonly version: string
  readonly birth: { readonly pid: number; readonly startTicks: string | undefined }
  readonly clock: Clock
  readonly logger: Logger
  /** A gateway came or went. */
  onGateway(isThere: boolean): void
  /** The gateway asks the keeper to stop everything and to end. */
  onShutdown(): void
}

const HELLO_MS_MAX = 5_000
/** Connections that have not shown the secret yet. */
const STRANGERS_MAX = 8

/** Modes of a connection: stranger (nothing but `hello` is heard) -> gateway (the newest; it replaces an older one) -> closed. */
export class KeeperServer {
  readonly #deps: KeeperServerDeps
  readonly #strangers = new Set<Socket>()
  readonly #readers = new Map<number, SocketReader>()
  #gateway: Socket | undefined
  #nodeEpoch = 0

  constructor(deps: KeeperServerDeps) {
    this.#deps = deps
  }

  get hasGateway(): boolean {
    return this.#gateway !== undefined
  }

  accept(socket: Socket): void {
    socket.on('error', () => socket.destroy())
    if (this.#strangers.size >= STRANGERS_MAX) return void socket.destroy()
    this.#strangers.add(socket)
    const reader = new FrameReader(HELLO_BYTES_MAX)
    const { clock } = this.#deps
    const late = clock.at(clock.now() + HELLO_MS_MAX, () => this.#refuse(socket, broken('no hello in time')))
    socket.once('close', () => this.#closed(socket, late))
    socket.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk, (frame) => {
          if (socket.destroyed) return
          if (socket === this.#gateway) return this.#take(frame)
          this.#greet(socket, frame)
          late.cancel()
          reader.allow(FRAME_BYTES_MAX)
        })
      } catch (error) {
        this.#refuse(socket, error)
      }
    })
  }

  /** Closes every connection after what was written. */
  close(): void {
    for (const socket of this.#strangers) socket.destroy()
    this.#gateway?.end()
  }

  #closed(socket: Socket, late: Timer): void {
    late.cancel()
    this.#strangers.delete(socket)
    if (this.#gateway !== socket) return
    this.#gateway = undefined
    this.#unreadAll()
    this.#deps.onGateway(false)
  }

  /** What comes from now on is kept for the next gateway. */
  #unreadAll(): void {
    for (const reader of this.#readers.values()) reader[Symbol.dispose]()
    this.#readers.clear()
    for (const process of this.#deps.holder.held()) process.unread()
  }

  #refuse(socket: Socket, error: unknown): void {
    const { code, details } = toStoredError(error)
    this.#deps.logger.warn({ err: error }, 'a connection was refused')
    for (const bytes of encodeJson(FRAME.refused, 0, { code, ...details })) socket.write(bytes)
    socket.destroySoon()
  }

  /** The first frame has to show the secret and must come from a life of the gateway that is not older than the last one. */
  #greet(socket: Socket, { kind, body }: Frame): void {
    if (kind !== FRAME.hello) throw broken('the first frame is not hello')
    const hello = readHello(decodeJsonBody(body))
    if (hello.protocol !== KEEPER_PROTOCOL) throw broken(`protocol ${KEEPER_PROTOCOL} is spoken here`)
    if (!isSame(hello.secret, this.#deps.secret)) throw broken('the secret is not right')
    if (hello.nodeEpoch < this.#nodeEpoch) throw broken('a newer life of the gateway was here', { superseded: true })
    this.#welcome(socket, hello)
  }

  #welcome(socket: Socket, { nodeEpoch }: Hello): void {
    const { holder, birth, version } = this.#deps
    const previous = this.#gateway
    this.#nodeEpoch = nodeEpoch
    this.#strangers.delete(socket)
    if (previous !== undefined) {
      this.#gateway = undefined
      this.#refuse(previous, broken('another connection of the gateway took over', { superseded: true }))
      this.#unreadAll()
    }
    this.#gateway = socket
    const { keeperNo, tagging, tag, wardenPid } = holder
    const held = holder.held().map(describeHeld)
    this.#write(
      encodeJson(FRAME.welcome, 0, {
        protocol: KEEPER_PROTOCOL,
        keeperNo,
        ...birth,
        version,
        tagging,
        tag,
        wardenPid,
        held,
      }),
    )
    this.#deps.onGateway(true)
  }

  #take({ kind, lease, body }: Frame): void {
    switch (kind) {
      case FRAME.spawn:
        return void this.#spawn(lease, body)
      case FRAME.ping:
        return this.#write(encodeJson(FRAME.pong, 0, { wardenPid: this.#deps.holder.wardenPid }))
      case FRAME.killNow:
        this.#deps.holder.killNow()
        return this.#deps.onShutdown()
      case FRAME.shutdown:
        return this.#deps.onShutdown()
      default: {
        const process = this.#deps.holder.find(lease)
        // A frame may cross the end of its process; it is no error of the gateway.
        if (process !== undefined) this.#takeFor(process, kind, body)
      }
    }
  }

  #takeFor(process: HeldProcess, kind: number, body: Buffer): void {
    switch (kind) {
      case FRAME.read:
        return this.#read(process)
      case FRAME.send: {
        const { line, frameId } = decodeSendBody(body)
        return process.send(line, frameId)
      }
      case FRAME.acknowledge:
        return process.acknowledge(decodeNumberBody(body))
      case FRAME.pin: {
        const { line, frameId } = readPin(decodeJsonBody(body))
        return process.pin(line, frameId)
      }
      case FRAME.stop:
        return void process.stop()
      case FRAME.relabel:
        return process.relabel(readLabel(decodeJsonBody(body)))
      case FRAME.forget:
        this.#readers.get(process.leaseId)?.[Symbol.dispose]()
        this.#readers.delete(process.leaseId)
        return process.forget()
      default:
        throw broken(`a frame of kind ${kind}`)
    }
  }

  #read(process: HeldProcess): void {
    this.#readers.get(process.leaseId)?.[Symbol.dispose]()
    const reader = new SocketReader(process, this.#deps.clock, (frames) => this.#write(frames))
    this.#readers.set(process.leaseId, reader)
    process.read(reader)
  }

  /**
   * The answer is for whichever gateway is there then. The next life does not know the process when it came in between, and
   * stops it; when nobody is there it is kept, and its label says whose it is.
   */
  async #spawn(lease: number, body: Buffer): Promise<void> {
    try {
      const process = await this.#deps.holder.spawn(readSpawnOrder(lease, decodeJsonBody(body)))
      const { pid, startTicks, startedAt } = process
      this.#write(encodeJson(FRAME.spawned, lease, { pid, startTicks, startedAt }))
    } catch (error) {
      this.#write(encodeJson(FRAME.spawnFailed, lease, toStoredError(error)))
    }
  }

  #write(frames: readonly Buffer[]): void {
    const socket = this.#gateway
    if (socket === undefined || !socket.writable) return
    socket.cork()
    for (const bytes of frames) socket.write(bytes)
    socket.uncork()
  }
}

function describeHeld(process: HeldProcess): object {
  const { leaseId, pid, startTicks, startedAt, label, acknowledged, frames, pinned } = process
  const stderr = process.stderrTail()
  return { leaseId, pid, startTicks, startedAt, label, acknowledged, frames, pinned, stderr }
}

function isSame(given: string, secret: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(secret)]
  return a.length === b.length && timingSafeEqual(a, b)
}
