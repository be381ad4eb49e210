// What a command prints: results on stdout (text or NDJSON), remarks on stderr. Knows whether there is colour.

import type { Environment } from '../../config/environment.ts'
import type { Terminal } from '../deps.ts'
import { Sink } from './sink.ts'
import type { Style } from './style.ts'
import { COLORED, PLAIN, wantsColor } from './style.ts'
import { jsonLine } from './terminal-text.ts'

export interface ScreenOptions {
  readonly json: boolean
  /** False for --no-color. */
  readonly color: boolean
}

export class Screen {
  readonly out: Sink
  readonly err: Sink
  readonly json: boolean
  readonly style: Style
  readonly errStyle: Style

  constructor(terminal: Terminal, env: Environment, { json, color }: ScreenOptions) {
    const styleFor = (isTty: boolean): Style => (color && wantsColor(isTty, env) ? COLORED : PLAIN)
    this.out = new Sink(terminal.stdout)
    this.err = new Sink(terminal.stderr)
    this.json = json
    this.style = json ? PLAIN : styleFor(terminal.stdoutIsTty)
    this.errStyle = styleFor(terminal.stderrIsTty)
  }

  /** A finished human text on stdout. */
  print(text: string): void {
    this.out.write(text)
  }

  /** One value as one NDJSON line on stdout. */
  record(value: unknown): void {
    this.out.write(jsonLine(value))
  }

  /** A remark of the CLI itself; never part of the result. */
  note(text: string): void {
    this.err.write(`holdfast: ${text}\n`)
  }

  async drained(): Promise<void> {
    await Promise.all([this.out.drained(), this.err.drained()])
  }

  async flushed(): Promise<void> {
    await Promise.all([this.out.flushed(), this.err.flushed()])
  }
}
