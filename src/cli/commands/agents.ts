// `holdfast agents`: the agents that this gateway can start.

import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'
import { table } from '../output/table.ts'

export async function agents(context: CommandContext): Promise<number> {
  const { screen } = context
  using gateway = await openGateway(context)
  const { agents: list } = await gateway.client.listAgents()
  if (screen.json) for (const agent of list) screen.record(agent)
  else if (list.length === 0) screen.note('there are no agents; add one to the configuration')
  else {
    const rows = list.map(({ name, title, command, source }) => [name, title, command, source])
    screen.print(table(['AGENT', 'TITLE', 'COMMAND', 'FROM'], rows, screen.style))
  }
  return EXIT.done
}
