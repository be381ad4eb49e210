// What a conformance report consists of. Pure: looks at no agent and prints nothing.

/** What an agent may advertise, in the order in which it is looked at. */
export type Capability =
  | 'initialize'
  | 'new session'
  | 'prompt'
  | 'permission, allowed'
  | 'permission, denied'
  | 'cancel'
  | 'list'
  | 'load'
  | 'resume'
  | 'close'
  | 'delete'
  | 'fork'
  | 'modes'
  | 'config options'
  | 'images'

/** How its process behaves: of use to know, advertised by nobody. */
export type Habit = 'only ACP on stdout' | 'ends with its input' | 'ends on SIGTERM' | 'leaves nothing behind'

/**
 * `yes`: seen to work. `no`: not advertised, or not done by this agent. `failed`: advertised, or asked of every agent, and it
 * does not work. `untested`: nothing can be said; `detail` says why.
 */
export type Verdict = 'yes' | 'no' | 'failed' | 'untested'

export interface Seen {
  readonly verdict: Verdict
  /** One line; may hold words of the agent. */
  readonly detail: string
}

export interface Finding extends Seen {
  readonly about: Capability | Habit
  /** Undefined where nothing was waited for. */
  readonly ms: number | undefined
}

export interface ConformanceReport {
  /** Name and version as the agent gave them; undefined when it gave none. */
  readonly agent: string | undefined
  /** As it answered; undefined when it did not. */
  readonly protocolVersion: number | undefined
  readonly findings: readonly Finding[]
  /** Everything it advertises, and what every agent has to do, was seen to work, as far as it could be tested. */
  readonly conforms: boolean
}

export const yes = (detail: string): Seen => ({ verdict: 'yes', detail })
export const no = (detail: string): Seen => ({ verdict: 'no', detail })
export const failed = (detail: string): Seen => ({ verdict: 'failed', detail })
export const untested = (detail: string): Seen => ({ verdict: 'untested', detail })

export const NOT_ADVERTISED = no('not advertised')
