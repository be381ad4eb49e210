// What one agent does otherwise than the protocol has it, and what we do about it. Known by what the agent calls itself: the name
// that the configuration gives it is a person's choice.

export interface Quirk {
  /** `agentInfo.name` of its answer to `initialize`. */
  readonly agent: string
  /** Epoch ms from which on a conversation that began at `begunAt` (epoch ms) can be loaded. */
  loadAfter(begunAt: number): number
}
