// The command that editors start. Declared here, done in commands/.

import type { Command } from 'commander'
import type { Bind } from './program.ts'

export function declareEditors(root: Command, on: Bind): void {
  root.commandsGroup('Editors:')
  root
    .command('acp')
    .description('be an ACP agent on stdin and stdout, for an editor')
    .option('-a, --agent <name>', 'agent of new sessions (default: the first of the configuration)')
    .option('--ignore-mcp-servers', "leave the editor's MCP servers out")
    .action(on(async () => (await import('./commands/acp.ts')).acp))
}
