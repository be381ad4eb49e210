// How long the supervisor waits between its stop signal and SIGKILL, and what of it running turns can have.

import { HoldfastError } from '../base/errors.ts'
import type { Supervisor, Variables } from './detect-supervisor.ts'
import { parseTimespan } from './timespan.ts'
import { runSystemctl } from './systemctl.ts'

type SystemdUnit = Extract<Supervisor, { kind: 'systemd' }>

/** A start does not wait longer for an answer. */
const ASK_MS_MAX = 2_000

export interface DrainWish {
  /** What is configured, in milliseconds. */
  readonly drainMs: number
  /** Somebody chose it; it is not the default. */
  readonly isExplicit: boolean
  readonly supervisor: Supervisor
  /** What an end takes beyond the turns, at most: stop ladder, sweep, checkpoint, close. */
  readonly reserveMs: number
}

export interface FittedDrain {
  readonly drainMs: number
  /** For people, when the supervisor has a budget. */
  readonly note: string | undefined
}

/** Asks systemd for the timeout of the unit when the unit does not say it. Never rejects: without an answer there is no budget. */
export async function readStopBudget(supervisor: Supervisor, env: Variables): Promise<Supervisor> {
  if (supervisor.kind !== 'systemd' || supervisor.stopBudgetMs !== undefined) return supervisor
  const stopBudgetMs = await askSystemd(supervisor, env)
  return stopBudgetMs === undefined ? supervisor : { ...supervisor, stopBudgetMs }
}

/** The drain that fits. CONFIG_INVALID with both numbers when a drain that somebody chose does not; a default is shortened. */
export function fitStopBudget({ drainMs, isExplicit, supervisor, reserveMs }: DrainWish): FittedDrain {
  const { stopBudgetMs } = supervisor
  if (supervisor.kind === 'none' || stopBudgetMs === undefined || stopBudgetMs === 0)
    return { drainMs, note: undefined }
  const name = supervisor.kind === 'launchd' ? 'launchd' : `systemd (${supervisor.unit})`
  const fittingMs = stopBudgetMs - Math.min(reserveMs, stopBudgetMs / 2)
  const budget = `${name} ends a stop after ${seconds(stopBudgetMs)}`
  if (drainMs <= fittingMs) return { drainMs, note: `${budget}; running turns have ${seconds(drainMs)} of it` }
  if (!isExplicit) {
    return {
      drainMs: fittingMs,
      note: `${budget}: running turns have ${seconds(fittingMs)} instead of ${seconds(drainMs)}`,
    }
  }
  const reason = `deadlines.drainMs is ${seconds(drainMs)}, but ${budget}, of which turns can have ${seconds(fittingMs)}`
  throw new HoldfastError('CONFIG_INVALID', {
    reason,
    file: 'deadlines.drainMs, or the stop timeout of the service (holdfast service install writes it anew)',
  })
}

async function askSystemd({ unit, scope }: SystemdUnit, env: Variables): Promise<number | undefined> {
  try {
    const { stdout } = await runSystemctl({ env, scope, msMax: ASK_MS_MAX }, [
      'show',
      '--property=TimeoutStopUSec',
      '--value',
      unit,
    ])
    return parseTimespan(stdout.trim())
  } catch {
    return undefined
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`
}
