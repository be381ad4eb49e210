// `holdfast agents ls`: the agents that there are: which are installed, in which version, and whether they are logged in.

import type { AgentView } from '../../wire/gateway.ts'
import { BUILT_IN_AGENT } from '../../config/agent-definitions.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'
import { table } from '../output/table.ts'
import { terminalLine } from '../output/terminal-text.ts'

export async function agentsLs(context: CommandContext): Promise<number> {
  const { screen } = context
  using gateway = await openGateway(context)
  const { agents } = await gateway.client.listAgents()
  const list = agents.toSorted((a, b) => rankOf(a) - rankOf(b))
  if (screen.json) for (const agent of list) screen.record(agent)
  else {
    screen.print(table(['AGENT', 'TITLE', 'INSTALLED', 'VERSION', 'LOGIN', 'FROM'], list.map(rowOf), screen.style))
    for (const line of advice(list)) screen.note(line)
  }
  return EXIT.done
}

/** What can be used comes first; within that the gateway's order stays. */
function rankOf({ installed, chosen }: AgentView): number {
  return installed === 'yes' ? 0 : chosen ? 1 : 2
}

const TITLE_CHARS_MAX = 22
const VERSION_CHARS_MAX = 14

function rowOf({ name, title, installed, version, login, source, host }: AgentView): string[] {
  const isRemote = host !== null
  return [
    name,
    terminalLine(title, TITLE_CHARS_MAX),
    isRemote ? 'remote' : installed,
    terminalLine(version ?? '-', VERSION_CHARS_MAX),
    isRemote || installed === 'no' ? '-' : login,
    source,
  ]
}

const VERSIONS = { '2': 'version 2 of ACP', auto: 'version 2 of ACP, or 1 if it knows no other' } as const

/** Our own agent has keys, and no login that could be run. */
function loginAdvice({ name, login_help: help }: AgentView): string {
  const known = terminalLine(help ?? '', 300)
  if (name === BUILT_IN_AGENT.name) return `for a model in ${name}: ${known}`
  return `to log in to ${terminalLine(name)}: holdfast agents login ${terminalLine(name)}, or ${known}`
}

/** Only of what is installed: nobody logs in to what is not there. */
function advice(list: readonly AgentView[]): string[] {
  const logins = list.filter(({ installed, login, login_help: help }) => installed === 'yes' && login !== 'yes' && help)
  const lines = logins.map(loginAdvice)
  for (const { name, host } of list) if (host !== null) lines.push(`${terminalLine(name)} is at ${terminalLine(host)}`)
  for (const { name, protocol } of list)
    if (protocol !== '1') lines.push(`${terminalLine(name)} is spoken to in ${VERSIONS[protocol]}`)
  const hasMore = list.some(({ installed, source }) => installed === 'no' && source !== 'config')
  return hasMore ? [...lines, 'to install one: holdfast agents install NAME'] : lines
}
