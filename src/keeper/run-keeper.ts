// A keeper's life: opens its socket, holds agents for whoever shows the secret, and ends when nobody comes for too long.
// Owns the socket file and the spool directory.

import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'

import type { Clock } from '../base/clock.ts'
import { deadline, ignore } from '../base/deadline.ts'
import type { Logger } from '../observe/logger.ts'
import { readStat } from '../base/birth.ts'
import type { StopTimes } from '../process/stop-ladder.ts'
import { AdoptionGrace } from './adoption-grace.ts'
import type { OutputLimits } from './held/held-process.ts'
import { KeeperServer } from './socket/keeper-server.ts'
import { openLocalHolder, type LocalHolder } from './local-holder.ts'

/** What the gateway writes to the keeper's stdin, as one JSON text. */
export interface KeeperOrders {
  readonly keeperNo: number
  readonly instance: number
  readonly epoch: number
  readonly version: string
  readonly secret: string
  /** In a directory of mode 0700. */
  readonly socket: string
  /** Made by the keeper, removed at its end. */
  readonly spoolDir: string
  /** How long agents are kept for a gateway that does not come. */
  readonly adoptionGraceMs: number
  readonly stopTimes: StopTimes
  readonly outputLimits: OutputLimits
}

export interface KeeperPorts {
  readonly clock: Clock
  readonly logger: Logger
  readonly pid: number
  /** Ends the keeper as if nobody came: agents are stopped first. */
  readonly stop: AbortSignal
  /** The socket listens. */
  onReady(): void
}

/** A gateway that hangs does not hear that its keeper ends; nothing waits for it. */
const GOODBYE_MS_MAX = 1_000

/** Resolves when every agent was stopped and the keeper has nothing left. Rejects when its socket cannot be opened. */
export async function runKeeper(orders: KeeperOrders, ports: KeeperPorts): Promise<void> {
  const { keeperNo, instance, epoch, stopTimes, outputLimits, spoolDir } = orders
  const { clock, logger } = ports
  mkdirSync(spoolDir, { recursive: true, mode: 0o700 })
  const holder = await openLocalHolder({
    keeperNo,
    instance,
    epoch,
    clock,
    logger,
    hasWarden: true,
    stopTimes,
    outputLimits,
    spoolDir,
  })
  const life = new KeeperLife(orders, ports, holder)
  await life.listen()
  ports.onReady()
  logger.info({ keeperNo, pid: ports.pid }, 'keeper ready')
  const reason = await life.ended
  logger.info({ keeperNo, reason, held: holder.held().length }, 'keeper ends')
  life.lock()
  await holder[Symbol.asyncDispose]()
  await life.close()
  rmSync(spoolDir, { recursive: true, force: true })
}

type EndReason = 'shutdown' | 'nobody came' | 'signal'

/** Modes: with a gateway; without one, while the grace runs; ending: nobody is let in any more, who is there hears the ends. */
class KeeperLife {
  readonly #orders: KeeperOrders
  readonly #server: KeeperServer
  readonly #listener: Server
  readonly #end = Promise.withResolvers<EndReason>()
  readonly #locked = Promise.withResolvers<void>()
  readonly #grace: AdoptionGrace

  constructor(orders: KeeperOrders, ports: KeeperPorts, holder: LocalHolder) {
    this.#orders = orders
    const { secret, version, adoptionGraceMs: graceMs } = orders
    const { clock, logger, pid, stop } = ports
    const isEmpty = (): boolean => holder.held().length === 0
    this.#grace = new AdoptionGrace({ clock, graceMs, isEmpty, onOver: () => this.#end.resolve('nobody came') })
    this.#server = new KeeperServer({
      holder,
      secret,
      version,
      birth: { pid, startTicks: readStat(pid)?.startTicks },
      clock,
      logger,
      onGateway: (isThere) => (isThere ? this.#grace.stop() : this.#grace.start()),
      onShutdown: () => this.#end.resolve('shutdown'),
    })
    this.#listener = createServer((socket) => this.#server.accept(socket))
    stop.addEventListener('abort', () => this.#end.resolve('signal'), { once: true })
  }

  get ended(): Promise<EndReason> {
    return this.#end.promise
  }

  /** The directory keeps others out from the first moment; the mode of the file is a second lock. */
  listen(): Promise<void> {
    const { socket } = this.#orders
    return new Promise((resolve, reject) => {
      this.#listener.once('error', reject)
      this.#listener.listen(socket, () => {
        chmodSync(socket, 0o600)
        this.#grace.start()
        resolve()
      })
    })
  }

  /** Nobody is let in any more, and the socket file is gone; who is there stays. */
  lock(): void {
    this.#listener.close(() => this.#locked.resolve())
  }

  async close(): Promise<void> {
    this.#server.close()
    await deadline(this.#locked.promise, { ms: GOODBYE_MS_MAX, stage: 'goodbye' }).catch(ignore('it ends anyway'))
    this.#grace.stop()
  }
}
