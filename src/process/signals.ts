// Every signal that is sent to a pid: only to a process whose birth was looked at right before. Never decides whether to signal.

import { isAlive, readStat, type Birth } from '../base/birth.ts'

/** Sends `signal` to exactly this process; its identity is read right before. False when it is gone or not ours to signal. */
export function signalProcess(birth: Birth, signal: NodeJS.Signals): boolean {
  return isAlive(birth) && trySignal(birth.pid, signal)
}

/** Sends `signal` to the group that `leader` leads, while the leader proves that the group is the one we made. */
export function signalGroup(leader: Birth, signal: NodeJS.Signals): boolean {
  const stat = readStat(leader.pid)
  if (stat === undefined || stat.startTicks !== leader.startTicks || stat.pgid !== leader.pid) return false
  return trySignal(-leader.pid, signal)
}

/** The bare system call, for processes that are proven in another way (a child that was not waited for yet). */
export function trySignal(target: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(target, signal)
  } catch {
    return false
  }
}
