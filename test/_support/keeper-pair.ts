// Both ends of a keeper's socket in one process, without the program: a real socket, real frames, scripted children.

import { mkdtempSync, rmSync, chmodSync } from 'node:fs'
import { createServer, createConnection, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { OPEN_GROUND } from '../../src/process/enclosure.ts'
import {
  FRAME_BYTES_MAX,
  encodeJson,
  FRAME,
  FrameReader,
  KEEPER_PROTOCOL,
  type Frame,
} from '../../src/keeper/socket/frames.ts'
import { HeldProcess, OUTPUT_LIMITS } from '../../src/keeper/held/held-process.ts'
import type { SpawnOrder } from '../../src/keeper/holder.ts'
import { connectKeeper } from '../../src/keeper/socket/connect-keeper.ts'
import type { KeeperLink } from '../../src/keeper/socket/keeper-link.ts'
import { KeeperServer } from '../../src/keeper/socket/keeper-server.ts'
import { manualClock, type ManualClock } from './manual-clock.ts'
import { createScriptedChild, type ScriptedChild } from './scripted-child.ts'

export const SECRET = 'a secret'

/** Holds scripted children. `gate`: a spawn waits for it. */
export class ScriptedHolder {
  readonly keeperNo = 7
  readonly tagging = 'marker'
  readonly tag = ''
  readonly wardenPid = undefined
  readonly children = new Map<number, ScriptedChild>()
  gate = Promise.resolve()
  isKilled = false
  readonly #held = new Map<number, HeldProcess>()
  readonly #clock: ManualClock

  constructor(clock: ManualClock) {
    this.#clock = clock
  }

  held(): readonly HeldProcess[] {
    return [...this.#held.values()]
  }

  find(leaseId: number): HeldProcess | undefined {
    return this.#held.get(leaseId)
  }

  killNow(): void {
    this.isKilled = true
  }

  async spawn(order: SpawnOrder): Promise<HeldProcess> {
    await this.gate
    const child = createScriptedChild()
    const owner = { instance: 1, lease: order.leaseId, epoch: 7 }
    const process = new HeldProcess(child, owner, order, {
      clock: this.#clock,
      scanner: { scan: async () => [] },
      times: { stdinMs: 50, termMs: 50, sweepMs: 500 },
      enclosure: OPEN_GROUND,
      limits: OUTPUT_LIMITS,
      spoolPath: undefined,
      onForgotten: ({ leaseId }) => this.#held.delete(leaseId),
    })
    this.#held.set(order.leaseId, process)
    this.children.set(order.leaseId, child)
    return process
  }
}

export interface KeeperPair extends AsyncDisposable {
  readonly holder: ScriptedHolder
  readonly path: string
  /** Of the keeper's side; each gateway has its own. */
  readonly clock: ManualClock
  /** What the keeper was told about gateways and its end. */
  readonly events: string[]
  connect(over?: Partial<ConnectOptions>): Promise<KeeperLink>
  /** A connection that sends what it likes. */
  knock(): Knock
}

export interface ConnectOptions {
  readonly secret: string
  readonly nodeEpoch: number
  readonly clock: ManualClock
  onLost(isSuperseded: boolean): void
}

export interface Knock {
  readonly socket: Socket
  readonly frames: Frame[]
  /** Settles when the other side has closed. */
  readonly closed: Promise<void>
  hello(over?: object): void
}

export async function openKeeperPair(): Promise<KeeperPair> {
  const directory = mkdtempSync(join(tmpdir(), 'hf-pair-'))
  const path = join(directory, 'k.sock')
  const clock = manualClock()
  const holder = new ScriptedHolder(clock)
  const events: string[] = []
  const log = (): void => {}
  const server = new KeeperServer({
    holder,
    secret: SECRET,
    version: '1',
    birth: { pid: 2 ** 22 + 2, startTicks: '1' },
    clock,
    logger: { debug: log, info: log, warn: log, error: log },
    onGateway: (isThere) => events.push(isThere ? 'came' : 'went'),
    onShutdown: () => events.push('shutdown'),
  })
  const listener = createServer((socket) => server.accept(socket))
  await new Promise<void>((resolve) => listener.listen(path, resolve))
  chmodSync(path, 0o600)
  const connect = (over: Partial<ConnectOptions> = {}): Promise<KeeperLink> => {
    const { secret = SECRET, nodeEpoch = 1, onLost = () => {} } = over
    const ports = {
      clock: over.clock ?? manualClock(),
      logger: undefined,
      onLost: (_: KeeperLink, isSuperseded: boolean) => onLost(isSuperseded),
    }
    return connectKeeper({ socket: path, secret, nodeEpoch }, ports)
  }
  const close = async (): Promise<void> => {
    server.close()
    await new Promise<void>((resolve) => listener.close(() => resolve()))
    rmSync(directory, { recursive: true, force: true })
  }
  return { holder, path, clock, events, connect, knock: () => knockAt(path), [Symbol.asyncDispose]: close }
}

export function knockAt(path: string): Knock {
  const socket = createConnection(path)
  const frames: Frame[] = []
  const reader = new FrameReader(FRAME_BYTES_MAX)
  socket.on('data', (chunk: Buffer) => {
    reader.push(chunk, (frame) => frames.push({ ...frame, body: Buffer.from(frame.body) }))
  })
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const hello = (over: object = {}): void => {
    const hi = { protocol: KEEPER_PROTOCOL, secret: SECRET, nodeEpoch: 1, ...over }
    for (const bytes of encodeJson(FRAME.hello, 0, hi)) socket.write(bytes)
  }
  return { socket, frames, closed, hello }
}
