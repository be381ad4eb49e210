// One process of `npm run compete`: has the conversation open and does with it what it is told on stdin.
// Arguments: state directory, id of the conversation, role, seed.

import { appendFileSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'

import { ignore, pause } from '../../../src/base/deadline.ts'
import { HoldfastError } from '../../../src/base/errors.ts'
import type { AttemptLock, HeldTranscript, TranscriptId } from '../../../builtin-agent/src/transcript/port.ts'
import { FileTranscriptStore } from '../../../builtin-agent/src/transcript/store.ts'
import { seededRandom } from '../../model/random.ts'
import { sharedMicroseconds, type Command, type Report, type Role, type Signed } from './reports.ts'

const [directory, id, role, seed] = process.argv.slice(2) as [string, TranscriptId, Role, string]
const random = seededRandom(Number(seed))
const own: Signed = { pid: process.pid }
const report = (said: Report): void => void writeSync(1, `${JSON.stringify(said)}\n`)

const store = new FileTranscriptStore(directory, { diagnose: () => {} })
const transcript = await store.open(id)

interface Hanging {
  readonly attempt: AttemptLock
  /** Lets the body go on; resolves with what its write came to. */
  goOn(): Promise<string>
}

let isRunning = false
let hanging: Hanging | undefined

async function run(): Promise<void> {
  isRunning = true
  while (isRunning) {
    try {
      await (role === 'gateway' && random.chance(0.8) ? annotate() : attempt())
    } catch (error) {
      reportFailure(error)
    }
    await pause(random.int(2))
  }
  report({ kind: 'resting' })
}

async function annotate(): Promise<void> {
  await transcript.annotate([{ type: 'note', body: own }], { waitMs: 1_000 })
}

async function attempt(): Promise<void> {
  const attempting = await transcript.begin({ waitMs: 1_000 })
  try {
    for (let left = 1 + random.int(3); left > 0; left--) {
      await attempting.hold('append', writeOne)
      // The model works; the lock is free.
      await pause(random.int(4))
    }
  } finally {
    await attempting.cleanup('turn ended')
  }
}

function writeOne(held: HeldTranscript): void {
  const from = sharedMicroseconds()
  const [entry] = held.append([{ type: 'message', body: own }])
  report({ kind: 'held', from, to: sharedMicroseconds(), seq: entry!.seq, epoch: entry!.epoch })
}

async function want(waitMs: number): Promise<void> {
  report({ kind: 'waiting' })
  try {
    const attempting = await transcript.begin({ waitMs })
    report({ kind: 'got', at: sharedMicroseconds() })
    await attempting.hold('append', writeOne)
    await attempting.cleanup('turn ended')
  } catch (error) {
    reportFailure(error)
  }
}

async function hang(isTorn: boolean): Promise<void> {
  const attempting = await transcript.begin()
  const [woken, late] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()]
  const body = async (held: HeldTranscript): Promise<void> => {
    // As a writer that the kernel stopped in the middle of its line.
    if (isTorn) appendFileSync(transcript.file, '{"seq":1,"type":"mess')
    report({ kind: 'hanging', from: sharedMicroseconds() })
    await woken.promise
    late.resolve(outcomeOf(() => held.append([{ type: 'message', body: own }])))
  }
  attempting.hold('compact', body).catch(ignore('its attempt was ended'))
  const goOn = (): Promise<string> => (woken.resolve(), late.promise)
  hanging = { attempt: attempting, goOn }
}

async function cleanUp({ attempt: hung }: Hanging): Promise<void> {
  const from = sharedMicroseconds()
  await hung.cleanup('turn ended')
  report({ kind: 'cleaned', from })
}

async function wake({ goOn }: Hanging): Promise<void> {
  report({ kind: 'woken', late: await goOn() })
}

function outcomeOf(write: () => unknown): string {
  try {
    write()
    return 'written'
  } catch (error) {
    return error instanceof HoldfastError ? error.code : String(error)
  }
}

function reportFailure(error: unknown): void {
  if (!(error instanceof HoldfastError)) throw error
  const { code, details } = error as HoldfastError & { details: { pid?: number; liveness?: string } }
  if (code === 'TRANSCRIPT_TAKEN_OVER') return report({ kind: 'takenOver' })
  const { pid, liveness } = details
  report({ kind: 'refused', code, ...(pid !== undefined && { pid }), ...(liveness !== undefined && { liveness }) })
}

function obey(command: Command): Promise<void> | void {
  switch (command.do) {
    case 'run':
      return run()
    case 'rest':
      isRunning = false
      return undefined
    case 'hang':
      return hang(command.isTorn)
    case 'cleanup':
      return cleanUp(hanging!)
    case 'wake':
      return wake(hanging!)
    case 'want':
      return want(command.waitMs)
  }
}

const lines = createInterface({ input: process.stdin })
lines.on('line', (line) => void obey(JSON.parse(line) as Command))
report({ kind: 'ready' })
lines.once('close', () => process.exit(0))
