// `holdfast service status` and `logs`: what the service manager says, and what it kept of what the gateway said.

import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { facts } from '../output/table.ts'
import type { ServiceFileView, ServiceStateView } from '../service-port.ts'
import type { ServiceOptions } from './service-run.ts'

export interface LogsOptions extends ServiceOptions {
  readonly lines: number
  readonly follow?: boolean
}

export async function serviceStatus(
  { deps, screen }: CommandContext,
  { system = false }: ServiceOptions,
): Promise<number> {
  const { control } = await deps.openService({ isSystem: system, hasSocket: undefined })
  const state = await control.state()
  if (screen.json) screen.record(recordOf(state))
  else screen.print(facts(factsOf(state), screen.style))
  return EXIT.done
}

/** Ctrl-C ends a log that is followed; that is how it is meant to end. */
export async function serviceLogs({ deps, screen }: CommandContext, options: LogsOptions): Promise<number> {
  const { system = false, lines, follow = false } = options
  const { control } = await deps.openService({ isSystem: system, hasSocket: undefined })
  const ended = new AbortController()
  using _ = deps.onInterrupt(() => ended.abort())
  await control.logs({ lines, follow, signal: ended.signal, onText: (text) => screen.print(text) })
  return EXIT.done
}

function factsOf(state: ServiceStateView): [string, string | number | undefined][] {
  return [
    ['service', `${state.name} (${state.manager}): ${state.activity}`],
    ['pid', state.pid],
    ['at start', state.isEnabled ? 'enabled' : 'not enabled'],
    ['without login', lingerText(state.lingers)],
    ...state.files.map((file) => ['file', `${file.path}${FOUND[file.found]}`] as [string, string]),
    ['programs from', state.searchPath],
  ]
}

const FOUND: Readonly<Record<ServiceFileView['found'], string>> = {
  missing: ' (not there)',
  current: '',
  differs: ' (of other settings or another PATH than this shell)',
  stale: ' (of another version or program; install again)',
  foreign: ' (not written by Holdfast)',
}

function lingerText(lingers: boolean | undefined): string | undefined {
  if (lingers === undefined) return undefined
  return lingers ? 'goes on' : 'ends with the last login (loginctl enable-linger)'
}

function recordOf({ manager, name, isInstalled, isEnabled, activity, pid, lingers, files }: ServiceStateView): object {
  return {
    manager,
    service: name,
    installed: isInstalled,
    enabled: isEnabled,
    activity,
    pid: pid ?? null,
    lingers: lingers ?? null,
    files: files.map(({ path, found }) => ({ path, found })),
  }
}
