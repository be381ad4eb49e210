// Runs in a pid namespace of its own, because `--kill` without a database ends what is ownerless on the whole machine. Prints what
// `doctor --orphans` of a gateway that lost its database sees and ends, beside another gateway and strangers. See orphans.test.ts.

import { rm } from 'node:fs/promises'
import { join } from 'node:path'

import { killPid } from '../../_support/kill.ts'
import { startStranger } from '../../_support/stranger.ts'
import { TestGateway } from '../../_support/test-gateway.ts'
import { fillZoo, type Zoo } from '../../_support/zoo.ts'

/** Nobody is left who would end its agents, and nobody knows whose they are. */
async function orphan(gateway: TestGateway): Promise<void> {
  const { warden_pid: warden } = await gateway.client.status()
  const keepers = gateway.keepers()
  killPid(gateway.pid, 'SIGSTOP')
  for (const pid of keepers) killPid(pid, 'SIGSTOP')
  killPid(warden, 'SIGKILL')
  for (const pid of keepers) killPid(pid, 'SIGKILL')
  await gateway.kill()
  for (const suffix of ['', '-wal', '-shm']) await rm(join(gateway.home, `state/holdfast.db${suffix}`), { force: true })
}

function pidsOf({ alive }: Zoo): number[] {
  return alive()
    .map(({ pid }) => pid)
    .toSorted((a, b) => a - b)
}

async function main(): Promise<object> {
  await using other = await TestGateway.start()
  const others = await fillZoo(other)
  await using gateway = await TestGateway.start()
  const zoo = await fillZoo(gateway)
  await using stranger = startStranger({ argv: ['sleep', '600'] })
  await orphan(gateway)
  const listed = await gateway.run('doctor', '--orphans')
  const named = [...listed.stdout.matchAll(/orphan (\d+)/g)].map((match) => Number(match[1]))
  const left = pidsOf(zoo)
  const isExact = JSON.stringify(named.toSorted((a, b) => a - b)) === JSON.stringify(left)
  const unasked = await gateway.run('doctor', '--kill')
  const refused = await other.run('doctor', '--kill', '--yes')
  const untouched = pidsOf(zoo).length === left.length
  const killed = await gateway.run('doctor', '--kill', '--yes')
  const [session = ''] = others.sessions
  return {
    listed: { code: listed.code, isExact, isMany: left.length >= 5 },
    unasked: unasked.code,
    refused: refused.code,
    untouched,
    killed: { code: killed.code, alive: pidsOf(zoo) },
    others: { alive: others.alive().length, turn: (await other.ask(session, 'still there')).state },
    stranger: stranger.isAlive(),
  }
}

process.stdout.write(JSON.stringify(await main()))
