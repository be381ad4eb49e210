// Which writes are promises. What only describes progress may be lost with the machine (never with the process); everything else is fsynced.

import type { EventType } from '../store/records.ts'
import type { Durability, SessionWrite } from '../store/store.ts'

const PROGRESS: ReadonlySet<EventType> = new Set([
  'update',
  'turn.running',
  'turn.cancelling',
  'agent.starting',
  'agent.ready',
  'agent.attached',
  'agent.exited',
  'agent.warning',
  'agent.extension',
])

export function durabilityOf(writes: readonly SessionWrite[]): Durability {
  return writes.some(isPromise) ? 'promise' : 'batch'
}

function isPromise(write: SessionWrite): boolean {
  if (write.kind === 'event') return !PROGRESS.has(write.event.type)
  if (write.kind === 'agent.line' || write.kind === 'task.patch') return false
  // No process outlives the machine: that one is gone is no promise either.
  if (write.kind === 'session.patch') return Object.keys(write.patch).some((field) => field !== 'agentLine')
  if (write.kind === 'turn.patch') return write.patch.delivery === 'unknown' || write.patch.state === 'queued'
  return true
}
