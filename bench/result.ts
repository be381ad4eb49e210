// What a measure gives: a value per side, and how it stands to its bar. The table and the JSON are made from it.

/** A bar on a ratio of holdfast to floor, or on the value of holdfast itself. */
export interface Bar {
  readonly on: 'ratio' | 'value'
  readonly kind: 'at most' | 'at least'
  readonly limit: number
  /** What it shall be later. */
  readonly later?: number
}

export interface Row {
  readonly name: string
  readonly unit: 'ms' | 'events/s' | 'us/event' | 'turns/s' | 'MB' | 'KB' | '%'
  readonly floor?: number
  readonly holdfast: number
  readonly acpx?: number
  readonly bar?: Bar
  /** What the floor is, where it is not the bare client. */
  readonly note?: string
}

export interface JudgedRow extends Row {
  /** holdfast / floor. */
  readonly ratio?: number
  /** acpx / holdfast. */
  readonly acpxRatio?: number
  readonly verdict?: 'met' | 'met, not the later one' | 'missed'
}

export function judge(row: Row): JudgedRow {
  const ratio = row.floor === undefined ? undefined : row.holdfast / row.floor
  const acpxRatio = row.acpx === undefined ? undefined : row.acpx / row.holdfast
  const verdict = row.bar === undefined ? undefined : verdictOf(row.bar, row.bar.on === 'ratio' ? ratio : row.holdfast)
  return {
    ...row,
    ...(ratio === undefined ? {} : { ratio }),
    ...(acpxRatio === undefined ? {} : { acpxRatio }),
    ...(verdict === undefined ? {} : { verdict }),
  }
}

function verdictOf({ kind, limit, later }: Bar, value = Number.NaN): NonNullable<JudgedRow['verdict']> {
  const meets = (bound: number): boolean => (kind === 'at most' ? value <= bound : value >= bound)
  if (!meets(limit)) return 'missed'
  return later === undefined || meets(later) ? 'met' : 'met, not the later one'
}
