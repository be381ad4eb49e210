// The commands about the gateway itself. Declared here, done in commands/.

import type { Command } from 'commander'
import { Argument, Option } from 'commander'
import type { Bind } from './program.ts'
import { declareService } from './program-service.ts'
import { positiveSeconds } from './program-values.ts'

export function declareGateway(root: Command, on: Bind): void {
  root.commandsGroup('Gateway:')
  root
    .command('serve')
    .description('run the gateway in the foreground')
    .option('--config <file>', 'configuration file')
    .option('--host <address>', 'address for HTTP')
    .option('--port <port>', 'port for HTTP')
    .option('--log-level <level>', 'error, warn, info or debug')
    .addOption(new Option('--detached', 'log to the file only').hideHelp())
    .addOption(new Option('--successor', 'take over from the gateway that starts it').hideHelp())
    .action(on(async () => (await import('./commands/serve.ts')).serve))
  root
    .command('stop')
    .description('drain and stop the gateway')
    .option('--now', 'do not wait for running turns')
    .option('--keep-agents', 'leave agents and running turns to the next gateway')
    .option('--wait <seconds>', 'wait at most so long until it is gone', positiveSeconds, 150)
    .action(on(async () => (await import('./commands/stop.ts')).stop))
  root
    .command('restart')
    .description('start the gateway anew; agents and running turns go on')
    .option('--reason <text>', 'what for; it is written to the log')
    .option('--wait <seconds>', 'wait at most so long until the new one is ready', positiveSeconds, 150)
    .action(on(async () => (await import('./commands/restart.ts')).restart))
  root
    .command('reload')
    .description('read the configuration again, without a restart')
    .action(on(async () => (await import('./commands/reload.ts')).reload))
  declareService(root, on)
  root
    .command('stats')
    .description('what the sessions did since the gateway started')
    .action(on(async () => (await import('./commands/stats.ts')).stats))
  root
    .command('status')
    .description('show what the gateway does')
    .action(on(async () => (await import('./commands/status.ts')).status))
  root
    .command('safe-mode')
    .description('show whether the gateway holds work back after crashes; off ends that')
    .addArgument(new Argument('[off]', 'end it: prompts are taken, queues go on').choices(['off']))
    .action(on(async () => (await import('./commands/safe-mode.ts')).safeMode))
  root
    .command('backup')
    .description('write a verified copy of the database to a file, while the gateway works')
    .argument('<file>', 'where to, outside of the state directory; it is there whole or not at all')
    .option('--force', 'replace the file if it is there')
    .action(on(async () => (await import('./commands/backup.ts')).backup))
  declareConformance(root, on)
  root
    .command('doctor')
    .description('check this installation')
    .option('--orphans', 'look for agent processes without an owner')
    .option('--kill', 'end what --orphans finds, after a question')
    .option('--yes', 'with --kill: do not ask')
    .option('--verify', 'check all of the database; sessions with damage are put into quarantine')
    .action(on(async () => (await import('./commands/doctor.ts')).doctor))
}

function declareConformance(root: Command, on: Bind): void {
  root
    .command('conformance')
    .description('start an agent, try all that it says it can do, and print what works')
    .requiredOption('-a, --agent <command>', 'its command line, or a name of holdfast agents ls')
    .option('-e, --env <name=value...>', 'a variable for it; a name alone takes the value from here')
    .option('--model-url <url>', 'a model server that it is to use, as far as variables can say so')
    .option('--timeout <seconds>', 'for each single step', positiveSeconds, 120)
    .option('-y, --yes', 'do not ask before prompts are sent')
    .action(on(async () => (await import('./commands/conformance.ts')).conformance))
}
