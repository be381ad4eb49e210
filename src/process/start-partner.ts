// Starts a program that outlives us and talks with it meanwhile: one word a line, on its stdin and stdout. Used for the gateway that takes
// over from this one, never for agents (those need a lease: tagged-spawn.ts).

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'

import { assert } from '../base/assert.ts'
import { ignore } from '../base/deadline.ts'
import { onWords } from './words.ts'

export interface PartnerCommand {
  readonly argv: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Its stderr is appended to it, made with mode 0600. Undefined: our own stderr. */
  readonly outputFile: string | undefined
}

export interface Partner {
  readonly pid: number
  /** How it ended, such as `code 1` or `SIGKILL`. */
  readonly exited: Promise<string>
  /** Resolves with `word` once it has said it; never when it does not. */
  heard(word: string): Promise<string>
  /** Whether it can still hear is not told. */
  say(word: string): void
  /** SIGKILL, if it lives. */
  kill(): void
  /** From here on it keeps nothing of ours alive, and we do not listen any more. */
  letGo(): void
}

/** Rejects with the system's error when it cannot be executed. */
export async function startPartner({ argv, env, cwd, outputFile }: PartnerCommand): Promise<Partner> {
  const [command, ...args] = argv
  const stderr = outputFile === undefined ? 'inherit' : openSync(outputFile, 'a', 0o600)
  const child = spawn(command, args, { detached: true, stdio: ['pipe', 'pipe', stderr], env, cwd })
  if (typeof stderr === 'number') closeSync(stderr)
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `code ${code}`))
  })
  await new Promise<void>((resolve, reject) => child.once('spawn', resolve).on('error', reject))
  return partnerOf(child, exited)
}

function partnerOf(child: ChildProcess, exited: Promise<string>): Partner {
  const { stdin, stdout, pid } = child
  assert(stdin !== null && stdout !== null && pid !== undefined, 'both pipes were asked for, and it runs')
  const heard = new Map<string, PromiseWithResolvers<string>>()
  const whenHeard = (word: string): PromiseWithResolvers<string> => {
    const wait = heard.get(word) ?? Promise.withResolvers<string>()
    heard.set(word, wait)
    return wait
  }
  const listening = onWords(stdout, (word) => word !== undefined && whenHeard(word).resolve(word))
  stdin.on('error', ignore('it is gone; its exit says so'))
  return {
    pid,
    exited,
    heard: (word) => whenHeard(word).promise,
    say: (word) => void stdin.write(`${word}\n`),
    kill: () => void child.kill('SIGKILL'),
    letGo: () => {
      listening[Symbol.dispose]()
      stdout.destroy()
      stdin.end()
      child.unref()
    },
  }
}
