// `holdfast agents install` and `uninstall`: programs of agents in the state directory. Nothing else ever downloads an agent.

import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { interruptSignal } from '../interrupt-signal.ts'
import { terminalLine } from '../output/terminal-text.ts'
import { UsageError } from '../usage-error.ts'

export interface AgentsInstallOptions {
  readonly allowScripts?: boolean
}

export async function agentsInstall(
  { deps, screen }: CommandContext,
  { allowScripts = false }: AgentsInstallOptions,
  spec: string,
): Promise<number> {
  const at = spec.indexOf('@', 1)
  const [name, version] = at === -1 ? [spec, undefined] : [spec.slice(0, at), spec.slice(at + 1)]
  const port = await deps.openAgents()
  if (name === '') throw new UsageError('Which agent?', 'Name one of: holdfast agents ls')
  if (!screen.json) screen.note(`installing ${terminalLine(spec)}; this can take minutes`)
  using interrupted = interruptSignal(deps)
  const done = await port.install({ name, version, allowScripts, signal: interrupted.signal })
  if (screen.json) {
    const { sha256 = null, loginHelp: login_help = null, isNew: is_new, program } = done
    screen.record({ agent: done.name, version: done.version, program, is_new, sha256, login_help })
    return EXIT.done
  }
  const what = `${terminalLine(done.name)} ${terminalLine(done.version)}`
  screen.print(done.isNew ? `installed ${what}\n` : `${what} was installed already\n`)
  if (done.sha256 !== undefined) screen.print(`SHA-256 of its archive: ${done.sha256}\n`)
  if (done.loginHelp !== undefined) screen.note(`to log in: ${terminalLine(done.loginHelp, 300)}`)
  screen.note(`to use it: holdfast prompt --agent ${terminalLine(done.name)} TEXT`)
  return EXIT.done
}

export async function agentsUninstall({ deps, screen }: CommandContext, _: unknown, name: string): Promise<number> {
  const port = await deps.openAgents()
  const isRemoved = await port.uninstall(name)
  if (screen.json) screen.record({ agent: name, removed: isRemoved })
  else
    screen.print(
      isRemoved
        ? `removed ${terminalLine(name)}\n`
        : `nothing to remove: ${terminalLine(name)} is not installed here\n`,
    )
  return EXIT.done
}
