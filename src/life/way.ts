// Which way a restart goes. Decided from what is known of this process; never tries anything.

/** `supervised`: exit, who supervises us starts us again. `successor`: a fresh process takes over. `in-process`: the next life is in this process. */
export type RestartWay = 'supervised' | 'successor' | 'in-process'

export interface Circumstances {
  /** As configured; `auto` lets this decide. */
  readonly wanted: RestartWay | 'auto'
  readonly supervisor: { readonly kind: 'systemd' | 'launchd' | 'none'; readonly isOurs?: boolean }
  /** Whoever holds the sockets starts a gateway when somebody connects; in this process they can be had once. */
  readonly hasHandedSockets?: boolean
  readonly pid: number
  /** Standard streams or the session belong to a terminal. */
  readonly hasTerminal: boolean
  /** Started by the command line for nobody to wait for. */
  readonly isDetached: boolean
}

export interface ChosenWay {
  readonly way: RestartWay
  /** For the log and for people. */
  readonly because: string
}

/** The first way that keeps what this process is to others. */
export function chooseWay({
  wanted,
  supervisor,
  hasHandedSockets,
  pid,
  hasTerminal,
  isDetached,
}: Circumstances): ChosenWay {
  if (hasHandedSockets) return { way: 'supervised', because: 'whoever holds its sockets starts it again' }
  if (wanted !== 'auto') return { way: wanted, because: 'it is configured' }
  if (supervisor.kind !== 'none' && supervisor.isOurs)
    return { way: 'supervised', because: `${supervisor.kind} starts it again` }
  if (pid === 1) return { way: 'in-process', because: 'the container ends with this process' }
  if (hasTerminal) return { way: 'in-process', because: 'it belongs to a terminal' }
  // Whoever started it may wait for its end.
  if (!isDetached) return { way: 'in-process', because: 'it was started in the foreground' }
  return { way: 'successor', because: 'nobody waits for the end of this process' }
}
