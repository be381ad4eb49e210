// The commands about agents. Declared here, done in commands/.

import type { Command } from 'commander'
import type { Bind } from './program.ts'
import { positiveSeconds } from './program-values.ts'

export function declareAgents(root: Command, on: Bind): void {
  const agents = root.command('agents').description('list, log in to, import, install and uninstall agents')
  agents
    .command('ls', { isDefault: true })
    .alias('list')
    .description('list the agents: installed or not, version, login')
    .action(on(async () => (await import('./commands/agents-ls.ts')).agentsLs))
  agents
    .command('login')
    .description('log in to an agent, on this machine; sessions that wait for it go on')
    .argument('<name>', 'one of holdfast agents ls')
    .option('--method <id>', 'how, if the agent has several ways')
    .option('--timeout <seconds>', 'how long the login may take', positiveSeconds, 600)
    .action(on(async () => (await import('./commands/agents-login.ts')).agentsLogin))
  agents
    .command('logout')
    .description('log out of an agent that offers it, on this machine')
    .argument('<name>', 'one of holdfast agents ls')
    .action(on(async () => (await import('./commands/agents-login.ts')).agentsLogout))
  agents
    .command('import')
    .description('import a registry of agents; nothing is installed or started')
    .argument('<source>', 'a file, or an https address')
    .action(on(async () => (await import('./commands/agents-import.ts')).agentsImport))
  agents
    .command('install')
    .description('install an agent into the state directory')
    .argument('<name[@version]>', 'one of holdfast agents ls')
    .option('--allow-scripts', 'run the install scripts of its packages, for an agent that needs them')
    .action(on(async () => (await import('./commands/agents-install.ts')).agentsInstall))
  agents
    .command('uninstall')
    .description('remove an agent that was installed here')
    .argument('<name>', 'one of holdfast agents ls')
    .action(on(async () => (await import('./commands/agents-install.ts')).agentsUninstall))
  root
    .command('agent')
    .description('run the built-in agent on stdin and stdout, for an editor that speaks ACP')
    .action(on(async () => (await import('./commands/agent.ts')).agent))
}
