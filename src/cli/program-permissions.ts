// The commands about permissions: requests, answers, modes, standing rules. Declared here, done in commands/.

import type { Command } from 'commander'
import { InvalidArgumentError, Option } from 'commander'
import { PERMISSION_MODE, RULE_EFFECT, RULE_SCOPE, TOOL_KIND, UNATTENDED } from './choices.ts'
import { pageLimit } from './program-values.ts'
import type { Bind } from './program.ts'

const HISTORY_LIMIT = 50
const LIMIT_MAX = 200

export function declarePermissions(root: Command, on: Bind): void {
  declareRequests(root, on)
  declareRules(root, on)
}

/** Of `approve`, which stands with the prompts. */
export function declareApprove(root: Command, on: Bind): void {
  root
    .command('approve')
    .description('answer a permission request')
    .argument('<permission>', 'permission id')
    .argument('[option]', 'option id (default: allow once)')
    .option('--deny', 'answer with the offered refusal')
    .addOption(
      new Option('--always [scope]', 'the same answer to the same request from now on; makes a rule')
        .choices([...RULE_SCOPE])
        .preset('session'),
    )
    .addOption(
      new Option('--agent-always', 'tell the agent its own `always` option, which it keeps itself').conflicts('always'),
    )
    .action(on(async () => (await import('./commands/approve.ts')).approve))
}

/** Of the commands that send a prompt. */
export function declarePermissionOptions(command: Command): void {
  command
    .addOption(
      new Option('--permission-mode <mode>', 'what the gateway does with permission requests of the session').choices([
        ...PERMISSION_MODE,
      ]),
    )
    .addOption(
      new Option(
        '--unattended <what>',
        'what becomes of permission requests and questions while no client is there',
      ).choices([...UNATTENDED]),
    )
}

function declareRequests(root: Command, on: Bind): void {
  const permissions = root.command('permissions').alias('permission').description('permission requests, and the mode')
  permissions
    .command('ls', { isDefault: true })
    .alias('list')
    .description('list permission requests that wait for an answer')
    .option('-s, --session <id|key>', 'of one session')
    .option('-f, --follow', 'go on as requests come and are answered')
    .addOption(new Option('--history', 'those that are over too: who decided what, and when').conflicts('follow'))
    .option('--limit <n>', 'at most so many of the history', pageLimit, HISTORY_LIMIT)
    .action(on(async () => (await import('./commands/permissions-ls.ts')).permissionsLs))
  permissions
    .command('mode')
    .description('show or change what happens to requests of a session that no rule is about')
    .argument('<session>', 'id or key')
    .argument('[mode]', PERMISSION_MODE.join(', '))
    .action(on(async () => (await import('./commands/permissions-mode.ts')).permissionsMode))
}

function declareRules(root: Command, on: Bind): void {
  const rules = root.command('rules').alias('rule').description('standing answers to permission requests')
  rules
    .command('ls', { isDefault: true })
    .alias('list')
    .description('list rules, newest first')
    .option('--all', 'revoked and expired ones too')
    .option('--limit <n>', 'at most so many', pageLimit, LIMIT_MAX)
    .action(on(async () => (await import('./commands/rules.ts')).rulesLs))
  rules
    .command('add')
    .description('add a rule; deny wins over ask, ask over allow')
    .argument('<effect>', RULE_EFFECT.join(', '))
    .option('--path <pattern>', 'paths: * and ? within a name, ** for any depth; relative to the working directory')
    .option('--command <words>', 'a command, word by word; a * at the end stands for any further words')
    .addOption(new Option('--kind <kind>', 'only calls that the agent says are of this kind').choices([...TOOL_KIND]))
    .addOption(new Option('-s, --session <id|key>', 'only in one session').conflicts('agent'))
    .option('-a, --agent <name>', 'only for one agent (default: everywhere)')
    .option('--expires <seconds>', 'for so long', seconds)
    .action(on(async () => (await import('./commands/rules.ts')).rulesAdd))
  rules
    .command('rm')
    .description('revoke rules')
    .argument('<rule...>', 'rule ids')
    .action(on(async () => (await import('./commands/rules.ts')).rulesRm))
}

function seconds(text: string): number {
  const value = Number(text)
  if (!(value > 0 && value <= 1e9)) throw new InvalidArgumentError('Give a number of seconds above 0.')
  return value
}
