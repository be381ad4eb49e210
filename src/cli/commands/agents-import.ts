// `holdfast agents import`: a registry of agents, from a file or over https. Downloads nothing but that document.

import path from 'node:path'

import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { terminalLine } from '../output/terminal-text.ts'
import { interruptSignal } from '../interrupt-signal.ts'

export async function agentsImport({ deps, screen }: CommandContext, _: unknown, source: string): Promise<number> {
  const port = await deps.openAgents()
  const isAddress = /^[a-z][a-z0-9+.-]*:\/\//i.test(source)
  using interrupted = interruptSignal(deps)
  const found = await port.importRegistry(isAddress ? source : path.resolve(deps.cwd, source), interrupted.signal)
  if (screen.json) screen.record({ imported: found.names, known_already: found.known })
  else {
    screen.print(`imported ${found.names.length} ${found.names.length === 1 ? 'agent' : 'agents'}\n`)
    for (const name of found.names) screen.print(`  ${terminalLine(name)}\n`)
    if (found.known.length > 0)
      screen.note(`Holdfast knows these itself, and goes on as it does: ${terminalLine(found.known.join(', '), 1_000)}`)
    if (found.names.length > 0) screen.note('to install one: holdfast agents install NAME')
  }
  return EXIT.done
}
