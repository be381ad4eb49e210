// The commands about agents. Declared here, done in commands/.

import type { Command } from 'commander'
import type { Bind } from './program.ts'

export function declareAgents(root: Command, on: Bind): void {
  const agents = root.command('agents').description('list, import, install and uninstall agents')
  agents
    .command('ls', { isDefault: true })
    .alias('list')
    .description('list the agents: installed or not, version, login')
    .action(on(async () => (await import('./commands/agents-ls.ts')).agentsLs))
  root
    .command('agent')
    .description('run the built-in agent on stdin and stdout, for an editor that speaks ACP')
    .action(on(async () => (await import('./commands/agent.ts')).agent))
}
