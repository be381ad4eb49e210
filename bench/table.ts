// Rows as a table for people. Numbers with three digits that mean something.

import type { Bar, JudgedRow } from './result.ts'

const HEAD = ['measure', 'unit', 'floor', 'holdfast', 'ratio', 'bar', 'verdict', 'acpx', 'acpx/holdfast', 'note']
const RIGHT = new Set([2, 3, 4, 7, 8])

export function renderTable(rows: readonly JudgedRow[]): string {
  const cells = [HEAD, ...rows.map(cellsOf)]
  const widths = HEAD.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)))
  const lines = cells.map((line) =>
    line
      .map((cell, i) => (RIGHT.has(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd(),
  )
  const rule = widths.map((width) => '-'.repeat(width)).join('  ')
  return [lines[0], rule, ...lines.slice(1)].join('\n')
}

function cellsOf(row: JudgedRow): string[] {
  const { name, unit, floor, holdfast, ratio, bar, verdict = '', acpx, acpxRatio, note = '' } = row
  const barText = bar === undefined ? '' : textOf(bar, unit)
  return [
    name,
    unit,
    digits(floor),
    digits(holdfast),
    times(ratio),
    barText,
    verdict,
    digits(acpx),
    times(acpxRatio),
    note,
  ]
}

function textOf({ on, kind, limit, later }: Bar, unit: string): string {
  const suffix = on === 'ratio' ? 'x' : ` ${unit}`
  return `${kind} ${limit}${suffix}${later === undefined ? '' : ` (later ${later}${suffix})`}`
}

function times(ratio: number | undefined): string {
  return ratio === undefined ? '' : `${digits(ratio)}x`
}

function digits(value: number | undefined): string {
  if (value === undefined) return ''
  if (Number.isNaN(value)) return '?'
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US')
  return value.toPrecision(3)
}
