// One program in the terminal of this process, for a person to talk to: same streams, same foreground group, so that Ctrl-C and the size
// of the window reach it. Tagged like every agent; whatever it leaves behind is ended.

import { spawn } from 'node:child_process'

import { readStat } from '../base/birth.ts'
import { deadline } from '../base/deadline.ts'
import { CancelledError, HoldfastError } from '../base/errors.ts'
import type { ProcessScanner } from './process-scanner.ts'
import type { ExitStatus } from './spawn.ts'
import { sweep } from './sweep.ts'
import { tagCommand } from './tag.ts'
import type { TaggedSpawnDeps, TaggedSpawnSpec } from './tagged-spawn.ts'
import { encodeMarker, MARKER_NAME } from './tag-value.ts'
import type { Ownership } from './tag-value.ts'

interface TerminalDeps extends TaggedSpawnDeps {
  readonly scanner: Pick<ProcessScanner, 'scan'>
}

/** A Ctrl-C reaches the program too: it has this long to end by itself. */
const OWN_END_MS = 2_000
const SWEEP_MS = 5_000

/** SPAWN_FAILED, or CANCELLED when `signal` aborts. Nothing that it started is left when this settles. */
export async function runInTerminal(
  { tagging, outerMarkers, scanner }: TerminalDeps,
  { agent, argv, env, cwd }: TaggedSpawnSpec,
  owner: Ownership,
  signal: AbortSignal,
): Promise<ExitStatus> {
  if (signal.aborted) throw new CancelledError('the login')
  const [command, ...args] = tagCommand(tagging, owner.lease, argv)
  const markers = [...outerMarkers, owner].map(encodeMarker).join(':')
  const child = spawn(command, args, { cwd, env: { ...env, [MARKER_NAME]: markers }, stdio: 'inherit' })
  const pid = child.pid
  const stat = pid === undefined ? undefined : readStat(pid)
  const exited = new Promise<ExitStatus>((resolve, reject) => {
    child.once('exit', (code, ended) => resolve({ code, signal: ended }))
    child.once('error', (cause: NodeJS.ErrnoException) =>
      reject(new HoldfastError('SPAWN_FAILED', { agent, reason: cause.code ?? 'unknown' }, { cause })),
    )
  })
  try {
    return await endOf(exited, signal)
  } finally {
    const root = pid === undefined || stat === undefined ? undefined : { pid, startTicks: stat.startTicks }
    await sweep({ owner, root }, scanner, { msMax: SWEEP_MS })
  }
}

async function endOf(exited: Promise<ExitStatus>, signal: AbortSignal): Promise<ExitStatus> {
  const aborted = Promise.withResolvers<'aborted'>()
  const onAbort = (): void => aborted.resolve('aborted')
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    const end = await Promise.race([exited, aborted.promise])
    if (end !== 'aborted') return end
    await deadline(exited, { ms: OWN_END_MS, stage: 'the login' }).catch(() => undefined)
    throw new CancelledError('the login')
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
