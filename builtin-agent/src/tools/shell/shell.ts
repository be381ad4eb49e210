// The port for running one command line, and the tool on it. Where it runs is decided when the session is opened.

import type { JsonObject } from '../../../../src/base/json.ts'
import { cutText } from '../cut-text.ts'
import { numberArg, stringArg } from '../ground.ts'
import { type Progress, textContent, type Tool, type ToolOutcome } from '../tool.ts'

export interface ShellCommand {
  readonly command: string
  /** Absolute. */
  readonly cwd: string
  readonly timeoutMs: number
}

export interface ShellResult {
  /** What it wrote to both outputs, the newest part of it. */
  readonly output: string
  readonly isCut: boolean
  readonly exitCode: number | null
  readonly signal: string | null
  readonly timedOut: boolean
}

export interface Shell {
  /** Resolves when the command and everything that it started is gone; an abort ends it. Rejects with ToolFailure, CANCELLED. */
  run(command: ShellCommand, progress: Progress, signal: AbortSignal): Promise<ShellResult>
}

/** Bytes of output that are kept. */
export const OUTPUT_BYTES_MAX = 64 * 1024

const TIMEOUT_SECONDS = 120
const TIMEOUT_SECONDS_MAX = 3_600

export const shellTool: Tool = {
  name: 'shell',
  description:
    'Runs a command line with /bin/sh in the working directory and gives its output. What it leaves in the background is ended.',
  parameters: {
    type: 'object',
    properties: {
      command: { type: 'string' },
      timeout_seconds: {
        type: 'integer',
        minimum: 1,
        maximum: TIMEOUT_SECONDS_MAX,
        description: `Ended after this long; ${TIMEOUT_SECONDS} when absent`,
      },
    },
    required: ['command'],
  },
  kind: 'execute',
  offeredIn: 'unlessPlanning',
  title: (args) => oneLine(stringArg(args, 'command')),
  async prepare(args, { roots, shell }) {
    const command = stringArg(args, 'command')
    const seconds = Math.min(numberArg(args, 'timeout_seconds') ?? TIMEOUT_SECONDS, TIMEOUT_SECONDS_MAX)
    return {
      effect: { key: `run:${command}`, scope: `the command ${oneLine(command)}` },
      run: async (progress, signal) =>
        outcomeOf(await shell.run({ command, cwd: roots.cwd, timeoutMs: seconds * 1_000 }, progress, signal), seconds),
    }
  },
}

function outcomeOf({ output, isCut, exitCode, signal, timedOut }: ShellResult, seconds: number): ToolOutcome {
  const ended = timedOut
    ? `It was ended after ${seconds} s.`
    : signal === null
      ? `Exit code ${exitCode ?? 'unknown'}.`
      : `Ended by ${signal}.`
  const body = output === '' ? '(no output)' : `${isCut ? '… (the beginning is left out)\n' : ''}${output}`
  const rawOutput: JsonObject = { exitCode, signal, timedOut }
  const isFailure = timedOut || exitCode !== 0
  const text = `${cutText(body.trimEnd(), { keep: 'end' })}\n\n${ended}`
  return { text, content: [textContent(text)], rawOutput, isFailure }
}

const TITLE_CHARS_MAX = 120

function oneLine(command: string): string {
  const line = command.replaceAll(/\s+/g, ' ').trim()
  return line.length > TITLE_CHARS_MAX ? `${line.slice(0, TITLE_CHARS_MAX).toWellFormed()}…` : line
}
