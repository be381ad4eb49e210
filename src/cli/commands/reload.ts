// `holdfast reload`: the running gateway reads its configuration again. Says what holds now and what waits for a restart.

import type { GatewayReloaded } from '../../wire/gateway-reload.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'
import type { Style } from '../output/style.ts'
import { facts } from '../output/table.ts'

/** CONFIG_INVALID with file, line and column: the gateway goes on as it was. */
export async function reload(context: CommandContext): Promise<number> {
  const { screen } = context
  using gateway = await openGateway({ ...context, mayStart: false })
  const reloaded = await gateway.client.reloadGateway()
  if (screen.json) screen.record(reloaded)
  else screen.print(reloadedText(reloaded, screen.style))
  return EXIT.done
}

function reloadedText({ applied, pending, agents, mcp_servers: servers }: GatewayReloaded, style: Style): string {
  const changed = [...applied.map(changeText), ...agents.map(agentText), ...servers.map(serverText)]
  const now = changed.length === 0 ? '' : `changed:\n${facts(changed, style)}`
  const later = pending.length === 0 ? '' : `changes with holdfast restart:\n${facts(pending.map(changeText), style)}`
  return `${now}${later}` || 'nothing has changed\n'
}

function changeText({ name, from, to }: GatewayReloaded['applied'][number]): [string, string] {
  return [`  ${name}`, `${valueText(from)} -> ${valueText(to)}`]
}

function valueText(value: unknown): string {
  if (value === null) return 'none'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function agentText({ name, change, sessions }: GatewayReloaded['agents'][number]): [string, string] {
  const count = `${sessions} ${sessions === 1 ? 'session' : 'sessions'}`
  const takes = sessions === 1 ? 'takes' : 'take'
  const means = {
    added: 'added',
    changed: sessions === 0 ? 'changed' : `changed; ${count} of it with the next prompt that needs a process`,
    removed: sessions === 0 ? 'removed' : `removed; ${count} of it ${takes} no prompts until it is back`,
  }
  return [`  agent ${name}`, means[change]]
}

function serverText({ name, change }: GatewayReloaded['mcp_servers'][number]): [string, string] {
  return [`  MCP server ${name}`, change]
}
