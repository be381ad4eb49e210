// `holdfast acp --login`: what an editor runs in a terminal when its prompt was told that the agent needs a login.

import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'
import { UsageError } from '../usage-error.ts'
import type { AcpCommandOptions } from './acp.ts'
import { agentsLogin } from './agents-login.ts'

const LOGIN_SECONDS = 600

/** Each agent that is meant: the one of the editor, else those that sessions wait for, else the one that new sessions get. */
export async function acpLogin(context: CommandContext, { agent }: AcpCommandOptions): Promise<number> {
  const names = agent === undefined ? await agentsMeant(context) : [agent]
  for (const name of names) {
    const code = await agentsLogin(context, { timeout: LOGIN_SECONDS }, name)
    if (code !== EXIT.done) return code
  }
  return EXIT.done
}

async function agentsMeant(context: CommandContext): Promise<string[]> {
  using gateway = await openGateway(context)
  const { logins_needed: waiting } = await gateway.client.status()
  const needed = waiting.filter(({ elsewhere }) => !elsewhere)
  if (needed.length > 0) return needed.map(({ agent }) => agent)
  const { agents } = await gateway.client.listAgents()
  const chosen = agents.filter((one) => one.chosen)
  const first = chosen.find(({ source }) => source === 'config') ?? chosen[0]
  if (first === undefined) throw new UsageError('There is no agent.', 'Name one with --agent.')
  return [first.name]
}
