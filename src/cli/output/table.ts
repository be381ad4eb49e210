// Plain aligned columns for people. Cells are made safe here; programs use --json.

import type { Style } from './style.ts'
import { terminalLine } from './terminal-text.ts'

const GAP = '  '
const CELL_WIDTH_MAX = 80

/** Head and rows as aligned lines, no borders, no trailing spaces. Every row has as many cells as the head. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], style: Style): string {
  const safe = rows.map((row) => row.map((cell) => terminalLine(cell, CELL_WIDTH_MAX)))
  const widths = head.map((title, i) => Math.max(title.length, ...safe.map((row) => widthOf(row[i] ?? ''))))
  const lines = [style.dim(alignRow(head, widths)), ...safe.map((row) => alignRow(row, widths))]
  return `${lines.join('\n')}\n`
}

/** `name   value` pairs, aligned on the value; pairs without a value are left out. */
export function facts(pairs: readonly (readonly [string, string | number | undefined | null])[], style: Style): string {
  const shown = pairs.filter(([, value]) => value !== undefined && value !== null)
  const width = Math.max(0, ...shown.map(([name]) => name.length))
  return shown
    .map(([name, value]) => `${style.dim(name.padEnd(width))}${GAP}${terminalLine(String(value), 300)}\n`)
    .join('')
}

function alignRow(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, i) => cell + ' '.repeat(Math.max(0, (widths[i] ?? 0) - widthOf(cell))))
    .join(GAP)
    .trimEnd()
}

// Code points, with the wide blocks of East Asia and emoji counted double: good enough to align names and paths.
function widthOf(text: string): number {
  let width = 0
  for (const character of text)
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}]/u.test(
        character,
      )
        ? 2
        : 1
  return width
}
