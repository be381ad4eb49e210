// Runs a command as a child of ours, in a process group of its own. Owns its pipes and every signal that the group gets.
// Nothing of the group is left when `run` settles, whether it ended, timed out or was cancelled.

import { type ChildProcess, spawn } from 'node:child_process'

import { assert } from '../../../../src/base/assert.ts'
import { deadline, ignore } from '../../../../src/base/deadline.ts'
import { CancelledError } from '../../../../src/base/errors.ts'
import type { Children } from '../../children.ts'
import { textContent, ToolFailure } from '../tool.ts'
import { OUTPUT_BYTES_MAX, type Shell, type ShellResult } from './shell.ts'
import { OutputTail } from './output-tail.ts'

export interface OwnShellOptions {
  readonly env: Readonly<Record<string, string>>
  readonly children: Children
  /** Between SIGTERM and SIGKILL. */
  readonly graceMs?: number
}

const GRACE_MS = 2_000
/** For pipes that somebody holds who left the group. */
const DRAIN_MS = 200

type Exit = Pick<ShellResult, 'exitCode' | 'signal'>

/** A shell without terminals of the client. */
export function ownShell({ env, children, graceMs = GRACE_MS }: OwnShellOptions): Shell {
  return {
    async run({ command, cwd, timeoutMs }, progress, signal) {
      signal.throwIfAborted()
      const child = spawn('/bin/sh', ['-c', command], {
        cwd,
        env,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      using _ = children.track(() => signalGroup(child, 'SIGKILL'))
      const tail = new OutputTail(OUTPUT_BYTES_MAX, (text) => progress([textContent(text)]))
      child.stdout.on('data', (bytes: Buffer) => tail.add(bytes))
      child.stderr.on('data', (bytes: Buffer) => tail.add(bytes))
      const exited = exitOf(child)
      const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
      const { timedOut } = await untilEnd(child, exited, { timeoutMs, graceMs, signal })
      const exit = await exited
      signalGroup(child, 'SIGKILL') // what it left in the background
      await deadline(closed, { ms: DRAIN_MS, stage: 'output' }).catch(
        ignore('somebody outside of the group holds a pipe'),
      )
      for (const pipe of [child.stdout, child.stderr]) pipe.destroy()
      tail.end()
      if (signal.aborted) throw new CancelledError('command')
      return { ...exit, output: tail.text, isCut: tail.isCut, timedOut }
    },
  }
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(new ToolFailure(`The command could not be started (${error.code ?? 'unknown'}).`)),
    )
    child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }))
  })
}

interface EndOptions {
  readonly timeoutMs: number
  readonly graceMs: number
  readonly signal: AbortSignal
}

/** Waits for the end; at the time limit or an abort, asks the group to end, then ends it. */
async function untilEnd(
  child: ChildProcess,
  exited: Promise<Exit>,
  options: EndOptions,
): Promise<{ timedOut: boolean }> {
  const { timeoutMs, graceMs, signal } = options
  try {
    await deadline(exited, { ms: timeoutMs, stage: 'command', signal })
    return { timedOut: false }
  } catch (error) {
    if (error instanceof ToolFailure) throw error
    signalGroup(child, 'SIGTERM')
    await deadline(exited, { ms: graceMs, stage: 'command' }).catch(ignore('it is killed next'))
    signalGroup(child, 'SIGKILL')
    return { timedOut: !signal.aborted }
  }
}

/** The whole group; its leader's pid is its name as long as one of it is there. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  const { pid } = child
  if (pid === undefined) return
  assert(Number.isSafeInteger(pid) && pid > 1, 'a process group of ours has a pid')
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
