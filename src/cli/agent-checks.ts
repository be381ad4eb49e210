// What `holdfast doctor` says of the agents: each that can be used or should be, and how many more there are.

import type { AgentView } from '../wire/gateway.ts'
import { checkAgent } from './doctor-checks.ts'
import type { Check } from './doctor-checks.ts'
import { checkServiceAgent } from './service-checks.ts'

/** `shellPath` is the PATH of this command, `servicePath` that of an installed service. */
export async function checkAgents(
  agents: readonly AgentView[],
  shellPath: string,
  servicePath: string | undefined,
): Promise<Check[]> {
  const shown = agents.filter(({ chosen, installed }) => chosen || installed === 'yes')
  const checks = shown.map(async (agent) => {
    if (agent.installed === 'yes' && agent.source !== 'config') return presentAgent(agent)
    const check = await (servicePath === undefined
      ? checkAgent(agent, shellPath)
      : checkServiceAgent(agent, shellPath, servicePath))
    return check.result === 'ok' && agent.login === 'no' ? { ...check, ...needsLogin(agent, check.detail) } : check
  })
  const others = agents.length - shown.length
  const detail = `known and not installed: ${others} more; holdfast agents ls`
  return [...(await Promise.all(checks)), ...(others === 0 ? [] : [{ name: 'agents', result: 'ok' as const, detail }])]
}

/** As the gateway sees it, which knows where to look. */
function presentAgent({ name, command: program, version, login, login_help: help }: AgentView): Check {
  const command = program ?? name
  const found = version === null ? command : `${command}, version ${version}`
  if (login !== 'no') return { name: `agent ${name}`, result: 'ok', detail: found }
  return { name: `agent ${name}`, ...needsLogin({ name, login_help: help }, found) }
}

function needsLogin(
  { name, login_help: help }: Pick<AgentView, 'name' | 'login_help'>,
  found: string,
): Pick<Check, 'result' | 'detail'> {
  const known = help === null ? '' : `, or ${help}`
  return { result: 'warn', detail: `${found}; not logged in: holdfast agents login ${name}${known}` }
}
