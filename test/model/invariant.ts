// How the simulator says that a rule does not hold.

export class InvariantBroken extends Error {}

export function must(condition: boolean, invariant: string, detail: string): asserts condition {
  if (!condition) throw new InvariantBroken(`${invariant}: ${detail}`)
}
