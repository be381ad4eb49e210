// Many rounds, a few at a time: so that a race is a race, and the machine has room for the processes of each.

const AT_ONCE = 5

/** Runs `round` for 0 to `count` - 1. Rejects with the first failure, which names its round, when the ones that run are over. */
export async function inTurns(count: number, round: (i: number) => Promise<void>): Promise<void> {
  let next = 0
  const failures: unknown[] = []
  const work = async (): Promise<void> => {
    while (next < count && failures.length === 0) {
      const i = next++
      try {
        await round(i)
      } catch (error) {
        failures.push(
          new Error(`round ${i}: ${error instanceof Error ? error.message : String(error)}`, { cause: error }),
        )
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  if (failures.length > 0) throw failures[0]
}
