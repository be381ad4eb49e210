// Spans of time as systemd prints them: `1min 30s`, `500ms`, `infinity`.

const UNIT_MS: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  month: 2_629_800_000,
  y: 31_557_600_000,
}

/** Milliseconds; 0 for `infinity`; undefined for a text that is no span. */
export function parseTimespan(text: string): number | undefined {
  if (text === 'infinity') return 0
  let ms = 0
  for (const word of text.split(' ')) {
    const [, number, unit] = /^(\d+(?:\.\d+)?)([a-z]+)$/.exec(word) ?? []
    const unitMs = UNIT_MS[unit ?? '']
    if (number === undefined || unitMs === undefined) return undefined
    ms += Number(number) * unitMs
  }
  return Math.round(ms)
}
