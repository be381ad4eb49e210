// Looks at how a process of an agent ends, and what it leaves. A report tells; whether the gateway can live with it is another matter.

import { no, untested, yes } from './report.ts'
import type { Seen } from './report.ts'
import { describeExit } from './tested-agent.ts'
import type { TestedAgent } from './tested-agent.ts'

/** The slowest known agent that ends by itself takes 7 s. */
const EXIT_MS = 10_000
const SHOWN_MAX = 3
const COMMAND_CHARS = 60

/** Asks it to end as `how` says, and waits for it. */
export async function lookAtEnd(agent: TestedAgent, how: 'input' | 'SIGTERM'): Promise<Seen> {
  if (agent.hasEnded) return untested('it had ended before')
  if (how === 'input') agent.endInput()
  else agent.terminate()
  const exit = await agent.exitWithin(EXIT_MS)
  return exit === undefined ? no(`still there after ${EXIT_MS / 1000} s`) : yes(describeExit(exit))
}

/** Of a process that has ended; what it left is ended with the report. */
export async function lookAtLeftovers(agent: TestedAgent): Promise<Seen> {
  if (!agent.hasEnded) return untested('it did not end by itself')
  const left = await agent.leftBehind()
  if (left.length === 0) return yes('no process')
  const shown = left.slice(0, SHOWN_MAX).map((command) => command.slice(0, COMMAND_CHARS))
  return no(
    `${left.length === 1 ? '1 process' : `${left.length} processes`}: ${shown.join('; ')}${left.length > SHOWN_MAX ? ' …' : ''}`,
  )
}

export function lookAtNoise({ noise: { lines, first } }: TestedAgent): Seen {
  return lines === 0 ? yes('no other line') : no(`${lines} other lines, the first: ${first}`)
}
