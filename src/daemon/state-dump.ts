// SIGUSR2: what the gateway does right now, as lines of the log: totals, then sessions that do something, agents, streams.
// Bounded in lines and in time; never anything that was said in a session.

import { performance } from 'node:perf_hooks'

import type { Api } from '../api/create-api.ts'
import { systemClock } from '../base/clock.ts'
import { deadline, ignore, pause } from '../base/deadline.ts'
import type { AgentHost } from '../keeper/agent-host.ts'
import type { Logger } from '../observe/logger.ts'
import type { SessionOverview } from '../session/insight/overview.ts'
import type { Sessions } from '../session/open-sessions.ts'
import type { NodeRecord, Store } from '../store/store.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { Health } from './open-health.ts'

export interface DumpParts {
  readonly lifecycle: Lifecycle
  readonly node: NodeRecord
  readonly sessions: Pick<Sessions, 'overview' | 'idleAgents' | 'isDraining'>
  readonly spares: { readonly ready: number }
  readonly store: Pick<Store, 'counts' | 'commitsWaiting' | 'listLeases' | 'lastSeq'>
  readonly host: Pick<AgentHost, 'describe' | 'connections'>
  readonly api: Pick<Api, 'streams'>
  readonly health: Health
  readonly logger: Logger
}

/** Lines of each kind. */
const LINES_MAX = 200
/** A database that does not answer in this time is no reason to say nothing. */
const STORE_MS_MAX = 500
const DELAY_PROBE_MS = 20

/** Level `warn`: who asked for it wants to see it. Never rejects. */
export async function dumpState(parts: DumpParts): Promise<void> {
  const { logger, sessions } = parts
  const all = [...sessions.overview()]
  const [delayMs, rows] = await Promise.all([loopDelay(), readRows(parts)])
  logger.warn({ ...totals(parts, all), loopDelayMs: delayMs, stored: rows?.counts }, 'state dump')
  const busy = all.filter(isBusy)
  for (const session of busy.slice(0, LINES_MAX)) logger.warn({ ...session }, 'state dump: session')
  const lastInputAt = new Map(all.map(({ sessionId, lastInputAt: at }) => [sessionId, at]))
  for (const { id, pid, agent, sessionId, generation, state, keeperNo } of rows?.leases ?? []) {
    const quietMs = sessionId === undefined ? undefined : msSince(lastInputAt.get(sessionId))
    const fields = { lease: id, pid, agent, sessionId, generation, state, keeper: keeperNo, quietMs }
    logger.warn(fields, 'state dump: agent')
  }
  for (const stream of rows?.streams ?? []) logger.warn({ ...stream }, 'state dump: stream')
  const left = Math.max(0, busy.length - LINES_MAX)
  logger.warn({ sessionsNotShown: left, isComplete: rows !== undefined && left === 0 }, 'state dump ends')
}

function totals(parts: DumpParts, all: readonly SessionOverview[]) {
  const { lifecycle, node, sessions, spares, store, host, api, health } = parts
  const { live, stuck, keepers } = host.describe()
  const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  return {
    state: lifecycle.state,
    epoch: node.epoch,
    upMs: msSince(lifecycle.startedAt),
    isSafeMode: health.chronicle.safeMode.isOn,
    progress: health.pulse.progress(),
    sessions: countBy(all, ({ activity }) => activity),
    queued: all.reduce((sum, { queued }) => sum + queued, 0),
    turnsOut: all.filter(({ turn }) => turn !== undefined).length,
    permissionsOpen: all.reduce((sum, { permissions }) => sum + permissions, 0),
    elicitationsOpen: all.reduce((sum, { elicitations }) => sum + elicitations, 0),
    agents: { live, remote: host.connections, idle: sessions.idleAgents, spare: spares.ready, stuck },
    keepers: keepers.map(({ no, pid, version, live: agents, isRetiring }) => ({
      no,
      pid,
      version,
      agents,
      isRetiring,
    })),
    streams: api.streams().length,
    commitsWaiting: store.commitsWaiting,
    timers,
    loopUse: performance.eventLoopUtilization().utilization,
    rssBytes: process.memoryUsage.rss(),
  }
}

function isBusy({ turn, queued, permissions, elicitations, process: { state } }: SessionOverview): boolean {
  const asked = permissions + elicitations
  return turn !== undefined || queued > 0 || asked > 0 || state === 'starting' || state === 'stopping'
}

/** Undefined when the database has not answered in time. */
function readRows(parts: DumpParts) {
  return deadline(read(parts), { ms: STORE_MS_MAX, stage: 'state dump' }).catch(ignore('the rest is told without it'))
}

async function read({ store, api }: DumpParts) {
  const counts = await store.counts()
  const leases = await store.listLeases(['spawning', 'running', 'stopping', 'stuck'])
  const streams = api.streams().slice(0, LINES_MAX)
  const behind = streams.map(async (stream) => {
    const { sessionNo, place } = stream
    const lag = sessionNo === 0 || place === undefined ? undefined : (await store.lastSeq(sessionNo)) - place
    return { ...stream, lag }
  })
  return { counts, leases: leases.slice(0, LINES_MAX), streams: await Promise.all(behind) }
}

/** How late a timer comes right now. */
async function loopDelay(): Promise<number> {
  const startedAt = performance.now()
  await pause(DELAY_PROBE_MS)
  return Math.max(0, Math.round(performance.now() - startedAt - DELAY_PROBE_MS))
}

function countBy<T>(all: readonly T[], keyOf: (one: T) => string): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const one of all) counts[keyOf(one)] = (counts[keyOf(one)] ?? 0) + 1
  return counts
}

function msSince(at: number | undefined): number | undefined {
  return at === undefined ? undefined : systemClock.now() - at
}
