// The thread of a gateway's store: does its checkpoints, and between them looks at the signs of life of the main thread, says when they
// stop, and ends the process when they do not come back. Asks nothing of the main thread, which may hang.

import { openSync, writeSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'

import { startTicker } from '../base/ticker.ts'
import { trySignal } from '../process/signals.ts'
import type { CheckpointWorkerData } from '../store/checkpoint.ts'
import { serveCheckpoints } from '../store/checkpoint-thread.ts'
import { writeCrashRecord } from './crash-record.ts'
import { CELL, PHASES } from './pulse.ts'
import { WedgeJudge } from './wedge.ts'
import type { Verdict } from './wedge.ts'
import type { WatchdogOrders } from './watchdog.ts'

type Standstill = Extract<Verdict, { kind: 'wedged' | 'lost' | 'recovered' }>

const STDERR = 2

const orders = workerData as WatchdogOrders & CheckpointWorkerData
const { cells, lookMs, wedgeMs, version, logFile, crashFile } = orders
const judge = new WedgeJudge(lookMs, wedgeMs)

serveCheckpoints(parentPort!, orders.file)
// A checkpoint that blocks costs looks. That is no wedge, because it counts its looks; and nobody ends a process whose disk hangs.
startTicker(lookMs, look)

function look(): void {
  const verdict = judge.look({ loop: Atomics.load(cells, CELL.loop), store: Atomics.load(cells, CELL.store) })
  if (verdict.kind === 'recovered') write('info', 'the gateway moves again', verdict)
  if (verdict.kind === 'wedged') write('error', 'the gateway stands still', verdict)
  if (verdict.kind === 'lost') end(verdict)
}

/** As the system ends a program that gave up: a supervisor starts another one, and the keeper has the agents meanwhile. */
function end(verdict: Standstill): void {
  write('error', 'the gateway has stood still for too long and is ended', verdict)
  const what = verdict.part === 'loop' ? 'its event loop' : 'its database'
  const reason = `${what} stood still for ${Math.round(verdict.ms / 100) / 10} s while it was ${activity()}`
  const epoch = Atomics.load(cells, CELL.epoch)
  writeCrashRecord(crashFile, { kind: 'wedged', at: Date.now(), epoch, pid: process.pid, version, reason })
  trySignal(process.pid, 'SIGABRT')
}

function activity(): string {
  const phase = PHASES[Atomics.load(cells, CELL.phase)] ?? 'running'
  return Atomics.load(cells, CELL.isInStore) === 1 ? `${phase}, with a transaction open` : phase
}

/** A line like those of the log, without its buffer. */
function write(level: string, msg: string, { part, ms }: Standstill): void {
  const time = new Date().toISOString()
  const line = { level, time, pid: process.pid, folder: 'health', part, ms, activity: activity(), msg }
  try {
    writeSync(logFile === undefined ? STDERR : openSync(logFile, 'a', 0o600), `${JSON.stringify(line)}\n`)
  } catch {
    // Nobody reads it, or the disk is full: the record and the exit are what is left.
  }
}
