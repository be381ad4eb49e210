// `holdfast sessions export`: the log of a session as a file that is there whole or not at all; and a look at such a file.

import path from 'node:path'

import type { HoldfastClient } from '../../client/client.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { checkExport, createExport, EXPORT_VERSION } from '../export-file.ts'
import type { ExportCounts, ExportWriter } from '../export-file.ts'
import { openGateway } from '../gateway.ts'
import { terminalLine } from '../output/terminal-text.ts'
import { UsageError } from '../usage-error.ts'

export interface ExportOptions {
  readonly force?: boolean
  /** A file to look at; nothing is exported. */
  readonly verify?: string
}

const PAGE_EVENTS = 1_000

export async function sessionsExport(
  context: CommandContext,
  { force = false, verify }: ExportOptions,
  idOrKey?: string,
  file?: string,
): Promise<number> {
  const { deps, screen } = context
  if (verify !== undefined) return look(context, path.resolve(deps.cwd, verify))
  if (idOrKey === undefined || file === undefined) {
    throw new UsageError('What is to be exported, and to where?', 'holdfast sessions export SESSION FILE')
  }
  const target = path.resolve(deps.cwd, file)
  using gateway = await openGateway(context)
  const session = await gateway.client.getSession(idOrKey)
  await using writer = await createExport(target, force)
  const first = { holdfast_export: EXPORT_VERSION, exported_at: new Date().toISOString(), session }
  await writer.add([JSON.stringify(first)])
  const counts = await copyLog(gateway.client, writer, session)
  await writer.finish(counts)
  if (screen.json) screen.record({ file: target, session: session.id, ...viewOf(counts) })
  else screen.print(`exported ${countText(counts.events)} of ${session.id} to ${terminalLine(target)}\n`)
  if (counts.lost > 0) screen.note(`${countText(counts.lost)} could not be read; the file says which`)
  return counts.lost > 0 ? EXIT.failed : EXIT.done
}

/** Up to what is there when it begins; a session may be written to for ever. */
async function copyLog(
  client: HoldfastClient,
  writer: ExportWriter,
  { id, last_seq: lastSeq }: { readonly id: string; readonly last_seq: number },
): Promise<ExportCounts> {
  let counts: ExportCounts = { events: 0, lost: 0, lastSeq: 0 }
  while (counts.lastSeq < lastSeq) {
    const { lines, next_after: next } = await client.exportSession(id, { after: counts.lastSeq, limit: PAGE_EVENTS })
    await writer.add(lines)
    for (const line of lines) counts = counted(counts, line)
    if (next === null) break
  }
  return counts
}

function counted(counts: ExportCounts, line: string): ExportCounts {
  const seq = /^\{"seq":(\d+),/.exec(line)?.[1]
  if (seq !== undefined) return { ...counts, events: counts.events + 1, lastSeq: Number(seq) }
  const { lost } = JSON.parse(line) as { readonly lost: { readonly from: number; readonly to: number } }
  return { ...counts, lost: counts.lost + lost.to - lost.from + 1, lastSeq: lost.to }
}

async function look({ screen }: CommandContext, file: string): Promise<number> {
  const check = await checkExport(file)
  const isWhole = check.kind === 'whole'
  if (screen.json) {
    const more = isWhole ? { session: check.session } : { cut_in_line: check.line, cut_bytes: check.bytes }
    screen.record({ file, result: check.kind, ...more, ...viewOf(check) })
    return isWhole ? EXIT.done : EXIT.io
  }
  const lost = check.lost === 0 ? '' : `, ${countText(check.lost)} lost before it was exported`
  if (isWhole) screen.print(`${terminalLine(file)} is whole: ${countText(check.events)} of ${check.session}${lost}\n`)
  else {
    const rest = check.bytes === 0 ? 'the rest is not there' : `the ${check.bytes} bytes of line ${check.line} are torn`
    screen.print(`${terminalLine(file)} is cut: ${countText(check.events)} are whole${lost}; ${rest}\n`)
  }
  return isWhole ? EXIT.done : EXIT.io
}

function viewOf({ events, lost, lastSeq }: ExportCounts): object {
  return { events, lost, last_seq: lastSeq }
}

function countText(events: number): string {
  return `${events} event${events === 1 ? '' : 's'}`
}
