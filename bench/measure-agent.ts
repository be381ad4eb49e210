// The built-in agent by itself, with its offline model: until it is ready, what a turn costs beyond the model, and its memory.

import { existsSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { pause } from '../src/base/deadline.ts'
import { BareClient } from '../test/agents/bare-client.ts'
import { inRounds, type Plan } from './measure.ts'
import { rssMbOf } from './proc.ts'
import type { Row } from './result.ts'
import { median } from './stats.ts'

const READY_BAR = { on: 'value', kind: 'at most', limit: 350 } as const
const TURN_BAR = { on: 'value', kind: 'at most', limit: 15 } as const
const MEMORY_BAR = { on: 'value', kind: 'at most', limit: 120 } as const

const SOURCE = fileURLToPath(new URL('../builtin-agent/src/main.ts', import.meta.url))
const TRANSCRIPT_BYTES = 5 * 1024 * 1024
const PROMPT_CHARS = 256 * 1024
const TURNS = 30
const SESSIONS = 20
const PROMPT_MS = 60_000
/** Garbage of the work before is gone by then. */
const SETTLE_MS = 1_000

export async function measureAgent({ world, rounds }: Plan): Promise<Row[]> {
  const packed = join(world.launcher, '../../dist/agent/main.js')
  const argv = [process.execPath, existsSync(packed) ? packed : SOURCE] as const
  const start = (home: string): BareClient => startAgent(argv, home)
  const ready = await inRounds(rounds, () => readyMs(start, world.newHome()))
  const { warmMs, resumeMs } = await turnMs(start, world.newHome())
  const memory = await memoryMb(start, world.newHome())
  return [
    { name: 'agent, spawn to open session', unit: 'ms', holdfast: median(ready), bar: READY_BAR },
    { name: 'agent, turn beyond the model, transcript of 5 MB', unit: 'ms', holdfast: warmMs, bar: TURN_BAR },
    { name: 'agent, resume of that in a new process', unit: 'ms', holdfast: resumeMs },
    { name: `agent RSS, ${SESSIONS} idle sessions`, unit: 'MB', holdfast: memory, bar: MEMORY_BAR },
  ]
}

type Start = (home: string) => BareClient

function startAgent(argv: readonly [string, string], home: string): BareClient {
  const cwd = join(home, 'work')
  mkdirSync(cwd, { recursive: true, mode: 0o700 })
  return new BareClient(argv, {
    cwd,
    env: { HOLDFAST_AGENT_STATE: join(home, 'state'), HOLDFAST_AGENT_WORD_MS: '0' },
  })
}

async function readyMs(start: Start, home: string): Promise<number> {
  const from = performance.now()
  await using agent = start(home)
  await agent.start(join(home, 'work'))
  return performance.now() - from
}

/** The offline model answers at once, so all of a turn is beyond it. */
async function turnMs(start: Start, home: string): Promise<{ warmMs: number; resumeMs: number }> {
  const cwd = join(home, 'work')
  const times: number[] = []
  let session = ''
  {
    await using agent = start(home)
    session = await agent.start(cwd)
    const file = join(home, 'state/transcripts', `${session}.jsonl`)
    while (statSync(file).size < TRANSCRIPT_BYTES)
      await agent.prompt(session, 'lorem ipsum '.repeat(PROMPT_CHARS / 12), PROMPT_MS)
    for (let n = 0; n < TURNS; n++) {
      const from = performance.now()
      await agent.prompt(session, 'count to 1')
      times.push(performance.now() - from)
    }
  }
  await using agent = start(home)
  await agent.request('initialize', { protocolVersion: 1 })
  const from = performance.now()
  await agent.request('session/resume', { sessionId: session, cwd, mcpServers: [] })
  return { warmMs: median(times), resumeMs: performance.now() - from }
}

async function memoryMb(start: Start, home: string): Promise<number> {
  await using agent = start(home)
  const cwd = join(home, 'work')
  const first = await agent.start(cwd)
  const sessions = [first]
  while (sessions.length < SESSIONS) {
    const { result } = await agent.request('session/new', { cwd, mcpServers: [] })
    sessions.push(result.sessionId)
  }
  for (const session of sessions) await agent.prompt(session, 'list files')
  await pause(SETTLE_MS)
  return rssMbOf(agent.pid)
}
