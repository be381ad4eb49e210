// Runs as the child of a shell in a pid namespace of its own: ends agents, lets the kernel give their pids to other programs, and
// prints what became of those. No test runner here: it is started by strangers.test.ts.

import { writeFileSync } from 'node:fs'

import { killPid } from '../../_support/kill.ts'
import { findBirth } from '../../_support/leak-check.ts'
import { listStoredLeases } from '../../_support/stored-database.ts'
import { startStranger, type Stranger } from '../../_support/stranger.ts'
import { TestGateway } from '../../_support/test-gateway.ts'
import { until } from '../../_support/until.ts'

const GONE = { ms: 10_000, what: () => 'the pid is free' }

/** The next process that is started here gets `pid`, unless another one comes first: then it is tried again. */
async function startStrangerAs(pid: number): Promise<Stranger> {
  await until(() => findBirth(pid) === undefined, GONE)
  for (let tries = 1; ; tries++) {
    writeFileSync('/proc/sys/kernel/ns_last_pid', String(pid - 1))
    const stranger = startStranger({ argv: ['sleep', '600'] })
    if (stranger.pid === pid || tries === 50) return stranger
    await stranger[Symbol.asyncDispose]()
  }
}

async function agentOf(gateway: TestGateway, session: string): Promise<number> {
  const { agent_pid: pid } = await gateway.client.getSession(session)
  if (pid === null) throw new Error('there is no agent')
  return pid
}

/** The agent ends, its pid is used again, then its session is closed. */
async function closeAfterReuse(): Promise<object> {
  await using gateway = await TestGateway.start()
  const session = await gateway.newSession()
  await gateway.ask(session, 'hello')
  const pid = await agentOf(gateway, session)
  killPid(pid, 'SIGKILL')
  await using stranger = await startStrangerAs(pid)
  const closed = await gateway.client.closeSession(session)
  return { isSamePid: stranger.pid === pid, isAlive: stranger.isAlive(), session: closed.session.state }
}

/** Gateway, keeper and agent end, the agent's pid is used again, then the next life looks for what is left. */
async function reapAfterReuse(): Promise<object> {
  await using gateway = await TestGateway.start()
  const session = await gateway.newSession()
  await gateway.ask(session, 'hello')
  const pid = await agentOf(gateway, session)
  await gateway.kill()
  gateway.killKeepers()
  await until(() => gateway.leaks().length === 0, GONE)
  await using stranger = await startStrangerAs(pid)
  await gateway.start()
  await gateway.kill('SIGTERM')
  const [lease] = await listStoredLeases(gateway.home)
  return { isSamePid: stranger.pid === pid, isAlive: stranger.isAlive(), lease: lease?.state }
}

process.stdout.write(JSON.stringify({ closed: await closeAfterReuse(), reaped: await reapAfterReuse() }))
