// What each signal means to a gateway. Decides; whoever installs the listeners calls this with what came.

import type { Logger } from '../observe/logger.ts'
import type { Controls } from './controls.ts'
import type { Lives } from './lives.ts'
import type { Requests } from './requests.ts'
import type { Intent } from './restart-intent.ts'

/** Signals that a gateway listens to. */
export const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const
export type GatewaySignal = (typeof SIGNALS)[number]

export interface SignalPorts {
  readonly requests: Requests
  readonly controls: Controls
  readonly lives: Pick<Lives, 'restart'>
  /** The log as it is now. */
  log(): Logger
  /** Reads and removes the authorisation of a restart. */
  takeIntent(): Intent
  /** Whether SIGUSR1 needs none (`restart.onSignal`). */
  isAnyoneAllowed(): boolean
  /** True when this process had a terminal and has it no more. */
  hasLostTerminal(): boolean
  /** Ends this process at once. */
  exit(code: number): void
}

export function onSignal(signal: GatewaySignal, ports: SignalPorts): void {
  const { requests, controls, hasLostTerminal } = ports
  switch (signal) {
    case 'SIGTERM':
    case 'SIGINT':
      return stop(signal, ports)
    case 'SIGHUP':
      // The terminal was closed: a stop, once. Whoever closes it does not press Ctrl-C three times.
      if (!hasLostTerminal()) return controls.reload()
      return requests.stopped.aborted ? undefined : stop(signal, ports)
    case 'SIGUSR1':
      return restart(ports)
    case 'SIGUSR2':
      return controls.dumpState()
    default:
      signal satisfies never
  }
}

/** The third one ends the process: nothing is proved then, and the code says so. */
function stop(signal: GatewaySignal, { requests, controls, exit }: SignalPorts): void {
  if (requests.stop(signal) < 3) return
  controls.killNow()
  exit(1)
}

/** G8: without a word of its user in the run directory, or the option, a signal changes nothing. */
function restart({ lives, log, takeIntent, isAnyoneAllowed }: SignalPorts): void {
  const intent = takeIntent()
  if (intent.kind !== 'valid' && !isAnyoneAllowed()) {
    const because = intent.kind === 'void' ? intent.because : 'nobody has asked for a restart'
    return log().warn({ because }, 'SIGUSR1 ignored; use holdfast restart, or set restart.onSignal')
  }
  const reason = intent.kind === 'valid' ? intent.reason : 'SIGUSR1'
  void lives.restart(reason).catch(refused)
}

/** It is in the log: `lives` says why. */
function refused(): void {}
