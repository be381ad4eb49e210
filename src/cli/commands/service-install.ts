// `holdfast service install` and `uninstall`: files of the service manager, written and removed. Says what a person still has to do.

import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { terminalLine } from '../output/terminal-text.ts'
import type { OpenedServicePort, ServiceFileView, ServiceStateView } from '../service-port.ts'

export interface InstallOptions {
  readonly system?: boolean
  readonly socket?: boolean
  readonly now?: boolean
  readonly force?: boolean
  readonly dryRun?: boolean
}

export async function serviceInstall(context: CommandContext, options: InstallOptions): Promise<number> {
  const { deps, screen } = context
  const { system = false, socket = false, now = false, force = false, dryRun = false } = options
  const opened = await deps.openService({ isSystem: system, hasSocket: socket })
  const files = opened.control.files()
  if (dryRun) return showFiles(context, files)
  await opened.control.install({ force })
  if (now) await opened.control.start()
  const state = await opened.control.state()
  if (screen.json) screen.record({ installed: files.map(({ path }) => path), started: now })
  else {
    for (const { path, found } of files) screen.print(`${WRITTEN[found].padEnd(9)}  ${terminalLine(path, 300)}\n`)
    for (const line of advice(opened, state, { system, now })) screen.note(line)
  }
  return EXIT.done
}

const WRITTEN: Readonly<Record<ServiceFileView['found'], string>> = {
  missing: 'written',
  current: 'unchanged',
  differs: 'updated',
  stale: 'updated',
  foreign: 'replaced',
}

export async function serviceUninstall(
  { deps, screen }: CommandContext,
  { system = false }: InstallOptions,
): Promise<number> {
  const { control } = await deps.openService({ isSystem: system, hasSocket: undefined })
  const removed = await control.uninstall()
  if (screen.json) screen.record({ removed })
  else if (removed.length === 0) screen.print('nothing to remove: the service is not installed\n')
  else for (const path of removed) screen.print(`removed  ${terminalLine(path, 300)}\n`)
  return EXIT.done
}

function showFiles({ screen }: CommandContext, files: readonly ServiceFileView[]): number {
  for (const { path, text } of files) {
    if (screen.json) screen.record({ path, text })
    else screen.print(`==> ${terminalLine(path, 300)} <==\n${text}\n`)
  }
  return EXIT.done
}

function advice(
  opened: OpenedServicePort,
  state: ServiceStateView,
  { system, now }: { system: boolean; now: boolean },
): string[] {
  const { leftOut, environmentFile, home, user } = opened
  const verb = system ? 'sudo holdfast service start --system' : 'holdfast service start'
  return [
    ...(now ? [] : [`start it with: ${verb}`]),
    ...(state.lingers === false
      ? ['it ends when you log out; to keep it running, and to start it at boot: loginctl enable-linger']
      : []),
    ...(leftOut.length === 0
      ? []
      : [
          `the service does not have ${leftOut.join(', ')} of this shell; put settings into the configuration or ${environmentFile}`,
        ]),
    ...(home === undefined ? [] : [`commands reach it with HOLDFAST_HOME=${home}`]),
    ...(system ? [`it runs as ${user ?? 'root'}`] : []),
  ]
}
