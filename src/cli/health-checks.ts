// What `holdfast doctor` says of the lives of the gateway: safe mode, the last one that ended unasked, and what became of its turns.

import type { CrashView, StatusView } from '../wire/gateway.ts'
import type { Check } from './doctor-checks.ts'
import { age, until } from './output/time.ts'

/** Of what is found by the next life the time is that of the find. */
const WORDS: Readonly<Record<CrashView['how'], string>> = {
  crashed: 'crashed',
  wedged: 'stood still and was ended',
  killed: 'ended without a word, found',
  machine_down: 'went down with the machine, found',
}

/** An older one is no news. */
const NEWS_MS = 86_400_000

/** Of a gateway that runs. */
export function checkHealth({ safe_mode: safeMode, lives, last_crash: crash }: StatusView, now: number): Check[] {
  const mode: Check[] =
    safeMode === null
      ? []
      : [{ name: 'safe mode', result: 'warn', detail: `${safeModeText(safeMode, now)}: ${safeModeReason(safeMode)}` }]
  if (crash !== null) return [...mode, ...checkCrash(crash, now)]
  return [
    ...mode,
    { name: 'last crash', result: 'ok', detail: `none in the last ${counted(lives.known, 'life', 'lives')}` },
  ]
}

/** Two lines: what ended it and when; what became of its turns, where that is known. */
export function checkCrash(crash: CrashView, now: number): Check[] {
  const result = now - Date.parse(crash.ended_at) < NEWS_MS ? 'warn' : 'ok'
  const who = `version ${crash.version}, pid ${crash.pid}, up ${age(crash.started_at, Date.parse(crash.ended_at))}`
  const first = `${WORDS[crash.how]} ${age(crash.ended_at, now)} ago (${crash.ended_at}, ${who}): ${crash.reason}`
  const { turns_taken_over: over, turns_interrupted: cut } = crash
  const checks: Check[] = [{ name: 'last crash', result, detail: first }]
  if (over === null || cut === null) return checks
  const detail = over + cut === 0 ? 'none was running' : `${over} taken over by the next life, ${cut} interrupted`
  return [...checks, { name: 'turns of it', result: cut === 0 ? 'ok' : result, detail }]
}

type SafeModeView = NonNullable<StatusView['safe_mode']>

/** Since when, until when, and how to leave it. */
export function safeModeText({ since, ends_at: endsAt }: SafeModeView, now: number): string {
  return `on since ${age(since, now)}, ends in ${until(endsAt, now)} or with: holdfast safe-mode off`
}

/** Why, and what it means. */
export function safeModeReason({ crashes }: SafeModeView): string {
  return `after ${crashes} crashes in a row no prompt is taken or handed out; what runs goes on`
}

/** Such as `12 known, 3 ended unasked; the last crashed 5m ago`. */
export function livesText({ lives: { known, crashed }, last_crash: crash }: StatusView, now: number): string {
  if (crash === null) return `${known} known, none ended unasked`
  return `${known} known, ${crashed} ended unasked; the last ${WORDS[crash.how]} ${age(crash.ended_at, now)} ago`
}

function counted(count: number, one: string, many: string): string {
  return count === 1 ? one : `${count} ${many}`
}
