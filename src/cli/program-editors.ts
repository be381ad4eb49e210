// The command that editors start. Declared here, done in commands/.

import type { Command } from 'commander'
import type { AcpCommandOptions } from './commands/acp.ts'
import type { Bind } from './program.ts'

export function declareEditors(root: Command, on: Bind): void {
  root.commandsGroup('Editors:')
  root
    .command('acp')
    .description('be an ACP agent on stdin and stdout, for an editor')
    .option('-a, --agent <name>', 'agent of new sessions (default: the first of the configuration)')
    .option('--ignore-mcp-servers', "leave the editor's MCP servers out")
    .option('--login', 'log in to the agent that wants it instead; editors run this in a terminal')
    .action(
      on(async () => {
        const { acp } = await import('./commands/acp.ts')
        const { acpLogin } = await import('./commands/acp-login.ts')
        return (context, options: AcpCommandOptions & { login?: boolean }) =>
          options.login === true ? acpLogin(context, options) : acp(context, options)
      }),
    )
}
