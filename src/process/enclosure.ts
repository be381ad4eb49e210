// What stands around the process tree of one lease, beyond the tag: a pid namespace or a control group.
// The port between the strong modes (bwrap.ts, cgroup.ts) and whoever spawns and stops.

/** Prepared before the spawn, ended after the sweep. */
export interface Enclosure {
  /** `argv` behind whatever puts it inside, before its program runs. The tag goes outside of it. */
  wrap(argv: readonly [string, ...string[]]): readonly [string, ...string[]]
  /**
   * After SIGTERM had its time and before the sweep: ends all that is inside at once. Resolves when nothing is, or after 2 s;
   * the sweep is the proof, so this never rejects.
   */
  kill(): Promise<void>
  /** Processes inside that the kernel ended because the memory limit was reached. */
  memoryKills(): number
  /** Removes what was made for the lease; nothing is inside any more. Never rejects. */
  dispose(): Promise<void>
}

/** No enclosure: tag, marker and sweep alone. */
export const OPEN_GROUND: Enclosure = {
  wrap: (argv) => argv,
  kill: async () => {},
  memoryKills: () => 0,
  dispose: async () => {},
}
