// The pipe between one scripted process and the gateways that come and go: lines with numbers, told in order to whoever listens,
// kept until they are acknowledged; and the names of the frames that were written. What a keeper does, without one.

import type { AgentRequestId } from '../../src/agent/connection.ts'
import type { AgentInput } from '../../src/session/input.ts'
import type { Random } from './random.ts'
import { isRequest } from './world-elicitations.ts'

/** What a process says on one line. */
export type Line = Extract<AgentInput, { line: number }>
type Lost = Extract<AgentInput, { kind: 'agent.lost' }>

export interface PipeWorld {
  readonly random: Random
  readonly now: number
  /** True as long as the gateway that listens lives. */
  isHeard(life: number): boolean
  after(ms: number, run: () => void): void
  hear(inputs: readonly AgentInput[], pipe: Pipe): void
}

/** The handshake took the lines before. */
export const READY_LINE = 2

export class Pipe {
  readonly #world: PipeWorld
  readonly #lines: Line[] = []
  /** How many updates there are up to each line. */
  readonly #updates: number[] = []
  readonly #written = new Set<string>()
  readonly #forgetsFrames: boolean
  #lost: Lost | undefined
  #life: number | undefined
  #told = READY_LINE
  #readAt = 0
  acknowledged = READY_LINE

  constructor(world: PipeWorld, forgetsFrames: boolean) {
    this.#world = world
    this.#forgetsFrames = forgetsFrames
  }

  get lastLine(): number {
    return READY_LINE + this.#lines.length
  }

  /** Lines with `from` < number <= `to`. */
  between(from: number, to: number): readonly Line[] {
    return this.#lines.slice(Math.max(0, from - READY_LINE), to - READY_LINE)
  }

  updatesUpTo(line: number): number {
    return this.#updates[line - READY_LINE - 1] ?? 0
  }

  say(build: (line: number) => Line): void {
    const line = build(this.lastLine + 1)
    this.#lines.push(line)
    this.#updates.push((this.#updates.at(-1) ?? 0) + (line.kind === 'agent.updates' ? 1 : 0))
    this.#schedule(this.lastLine)
  }

  /** The process is gone; told when its last line is, to each gateway that listens. */
  end(lost: Lost): void {
    this.#lost = lost
    this.#scheduleEnd()
  }

  /** Tells the gateway of `life` everything after `line`. */
  listen(life: number, line: number): void {
    this.#life = life
    this.#told = line
    this.#readAt = 0
    for (let number = line + 1; number <= this.lastLine; number++) this.#schedule(number)
    this.#scheduleEnd()
  }

  /** False when the frame was written before. */
  write(frameId: string): boolean {
    const isNew = !this.#written.has(frameId)
    this.#written.add(frameId)
    return isNew || this.#forgetsFrames
  }

  wasWritten(frameId: string): boolean {
    return this.#written.has(frameId)
  }

  /** The line on which the process asked. */
  lineOf(requestId: AgentRequestId): number | undefined {
    const isIt = (line: Line): boolean => isRequest(line) && line.requestId === requestId
    return this.#lines.find(isIt)?.line
  }

  #schedule(number: number): void {
    this.#later((life) => {
      if (this.#told >= number || life !== this.#life) return
      // What is there when somebody reads is read at once: one batch, one commit.
      const until = this.#world.random.chance(0.5) ? this.lastLine : number
      const batch = this.between(this.#told, until)
      this.#told = until
      this.#world.hear(batch, this)
    })
  }

  #scheduleEnd(): void {
    const lost = this.#lost
    if (lost !== undefined) this.#later((life) => life === this.#life && this.#world.hear([lost], this))
  }

  /** Lines take time through the pipe and the mailbox, in order, and are not heard when the gateway that would is gone. */
  #later(run: (life: number) => void): void {
    const life = this.#life
    if (life === undefined) return
    const { random, now } = this.#world
    this.#readAt = Math.max(this.#readAt, now + (random.chance(0.1) ? random.int(8_000) : 1))
    this.#world.after(this.#readAt - now, () => {
      if (this.#world.isHeard(life)) run(life)
    })
  }
}
