// The port of the lives of a gateway: one row for each, from its start to how it ended. A life that was killed cannot write its end; the
// next one looks and writes what is known.

/**
 * `stopped`, `restart`: as asked. `failed`: it gave up with a code and left in order. `crashed`: an exception that nobody caught. `wedged`: it
 * stood still and its watchdog ended it. `killed`: it ended without a word, as
 * SIGKILL ends. `machine_down`: with the machine.
 */
export type LifeEnd = 'stopped' | 'restart' | 'failed' | 'crashed' | 'wedged' | 'killed' | 'machine_down'

export interface LifeRecord {
  /** The epoch of the node in this life. */
  readonly epoch: number
  readonly version: string
  readonly pid: number
  readonly bootId: string
  /** Epoch ms, as all times here. */
  readonly startedAt: number
  readonly readyAt: number | undefined
  /** Undefined: it was not in safe mode. `left`: a person ended that, `over`: time did. */
  readonly safeMode: 'on' | 'left' | 'over' | undefined
  /** What it made of the turns that it found running; undefined before it has looked. */
  readonly turnsTakenOver: number | undefined
  readonly turnsInterrupted: number | undefined
  readonly memory: MemoryGroup | undefined
  /** When it was asked to end. */
  readonly askedAt: number | undefined
  /** Undefined: it runs, or nobody has looked yet. For an end that was found by the next life: when that was known, else when it was found. */
  readonly end: LifeEnding | undefined
}

/** The control group that a life began in. */
export interface MemoryGroup {
  readonly path: string
  /** Processes of it that the kernel had ended for want of memory by then. */
  readonly oomKills: number
}

export interface LifeEnding {
  readonly at: number
  readonly how: LifeEnd
  readonly code: string | undefined
  /** For people. */
  readonly reason: string | undefined
}

export type NewLife = Pick<LifeRecord, 'epoch' | 'version' | 'pid' | 'bootId' | 'startedAt' | 'memory'>

/** What is absent stays. */
export interface LifePatch {
  readonly readyAt?: number
  readonly safeMode?: LifeRecord['safeMode']
  readonly turnsTakenOver?: number
  readonly turnsInterrupted?: number
  readonly askedAt?: number
  readonly end?: LifeEnding
}

/** Writes are about the node that was opened; reads need none. */
export interface LifeLog {
  /** Stored with fsync when it resolves. Forgets all but the newest 100. */
  insert(life: NewLife): Promise<void>
  /** Stored with fsync when it resolves. The first end of a life stays. */
  patch(epoch: number, patch: LifePatch): Promise<void>
  /** Newest first. */
  list(node: string, limit: number): Promise<LifeRecord[]>
}

/** Ends that nobody asked for and nobody could prepare. */
export function isUnclean({ how }: Pick<LifeEnding, 'how'>): boolean {
  return how === 'crashed' || how === 'wedged' || how === 'killed' || how === 'machine_down'
}
