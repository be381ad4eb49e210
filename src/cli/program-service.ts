// The commands about the gateway as a service of the system. Declared here, done in commands/.

import type { Command } from 'commander'
import type { Bind } from './program.ts'
import { positiveInteger } from './program-values.ts'

export function declareService(root: Command, on: Bind): void {
  const service = root.command('service').description('run the gateway as a service of systemd or launchd')
  const install = declared(service, 'install', 'write the service files for this user and enable them')
    .option('--socket', 'systemd holds the sockets, so that nobody is refused while the gateway restarts')
    .option('--now', 'start it, too')
    .option('--force', 'replace files that are not ours')
    .option('--dry-run', 'print the files, write nothing')
  install.action(on(async () => (await import('./commands/service-install.ts')).serviceInstall))
  declared(service, 'uninstall', 'stop the service and remove its files').action(
    on(async () => (await import('./commands/service-install.ts')).serviceUninstall),
  )
  declared(service, 'start', 'start the service and wait until it is ready').action(
    on(async () => (await import('./commands/service-run.ts')).serviceStart),
  )
  declared(service, 'stop', 'drain and stop the service').action(
    on(async () => (await import('./commands/service-run.ts')).serviceStop),
  )
  declared(service, 'restart', 'start the service anew; agents and running turns go on').action(
    on(async () => (await import('./commands/service-run.ts')).serviceRestart),
  )
  declared(service, 'status', 'show the service and its files').action(
    on(async () => (await import('./commands/service-status.ts')).serviceStatus),
  )
  declared(service, 'logs', 'print the log of the service')
    .option('-n, --lines <n>', 'the newest lines', positiveInteger, 100)
    .option('-f, --follow', 'go on as lines come')
    .action(on(async () => (await import('./commands/service-status.ts')).serviceLogs))
}

function declared(service: Command, name: string, text: string): Command {
  return service.command(name).description(text).option('--system', 'of the machine instead of this user (needs root)')
}
