// `holdfast backup`: a verified copy of the database, made by the gateway while it works.

import path from 'node:path'

import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'
import { terminalLine } from '../output/terminal-text.ts'

export interface BackupOptions {
  readonly force?: boolean
}

export async function backup(context: CommandContext, { force = false }: BackupOptions, file: string): Promise<number> {
  const { deps, screen } = context
  using gateway = await openGateway(context)
  const asked = { path: path.resolve(deps.cwd, file), ...(force && { replace: true }) }
  const { path: written, bytes, quarantined } = await gateway.client.backUp(asked)
  if (screen.json) screen.record({ file: written, bytes, verified: true, quarantined })
  else screen.print(`backed up ${sizeText(bytes)} to ${terminalLine(written)}, verified\n`)
  if (quarantined > 0) screen.note(`sessions in quarantine that are in it as they are: ${quarantined}`)
  return EXIT.done
}

/** Such as `1.4 MB`. */
function sizeText(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  const step = bytes < 1_000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  return `${step === 0 ? bytes : (bytes / 1_000 ** step).toFixed(1)} ${units[step]}`
}
