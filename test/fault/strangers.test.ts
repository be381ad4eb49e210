// A 19, 20, 25 and B 38 through real gateways with a keeper: what looks like ours and is not lives on; what is ours goes.

import { fileURLToPath } from 'node:url'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { hasPidNamespace, runInPidNamespace } from '../_support/pid-namespace.ts'
import { changeStored, listStoredLeases, readStored } from '../_support/stored-database.ts'
import { canBeNobody, startStranger, type Stranger } from '../_support/stranger.ts'
import { TestGateway } from '../_support/test-gateway.ts'
import { ToldFile } from '../_support/told.ts'
import { testWhere } from '../_support/where-it-works.ts'

/** argv of a live process, as everybody can read it. */
async function argvOf(pid: number): Promise<[string, ...string[]]> {
  const [command = '', ...args] = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').slice(0, -1)
  return [command, ...args]
}

/** Closes a session and stops the gateway while `strangers` look exactly like its agent. */
async function outliveLookAlikes(asNobody: boolean): Promise<boolean[]> {
  await using gateway = await TestGateway.start()
  const session = await gateway.newSession('stubborn')
  await gateway.ask(session, '@spawn double-fork.mjs @say spawned')
  const { agent_pid: pid } = await gateway.client.getSession(session)
  const argv = await argvOf(pid ?? -1)
  const journalled = argv.map((arg) => (arg.startsWith('--journal=') && asNobody ? '--journal=/dev/null' : arg))
  await using agentLike = startStranger({ argv: [argv[0], ...journalled.slice(1)], cwd: '/' }, asNobody)
  await using childLike = startStranger({ argv: ['sleep', '600'] }, asNobody)
  await gateway.client.closeSession(session)
  expect(gateway.agents()).toEqual([])
  await gateway.kill('SIGTERM')
  await gateway.start() // its reaper looks, too
  await gateway.kill('SIGTERM')
  return [agentLike.isAlive(), childLike.isAlive()]
}

test('A 19: processes with the command line of an agent and of its child outlive close, stop and start', async () => {
  expect(await outliveLookAlikes(false)).toEqual([true, true])
})

const nobody = { name: 'another user', works: canBeNobody(), reason: 'this is not root' }
testWhere(
  [nobody],
  'A 19: processes of another user with the command line of an agent and of its child outlive them',
  async () => expect(await outliveLookAlikes(true)).toEqual([true, true]),
  60_000,
)

interface Forged {
  readonly name: string
  readonly bootId?: string
  startTicks(stranger: Stranger): string
}

const FORGED: readonly Forged[] = [
  { name: 'A 20: a recycled pid', startTicks: () => '1' },
  { name: 'B 38: another boot', bootId: 'another boot', startTicks: (each) => each.startTicks },
]

test.for(FORGED)('$name: lease and keeper are settled, the stranger gets no signal', async ({ bootId, startTicks }) => {
  await using gateway = await TestGateway.start()
  await gateway.ask(await gateway.newSession(), 'hello')
  await gateway.kill()
  gateway.killKeepers()
  await expect.poll(() => gateway.leaks(), { timeout: 5_000 }).toEqual([])
  await using stranger = startStranger({ argv: ['sleep', '600'] })
  const { home } = gateway
  for (const table of ['lease', 'keeper'])
    changeStored(home, `UPDATE ${table} SET pid = ?, start_ticks = ?`, stranger.pid, startTicks(stranger))
  changeStored(home, `UPDATE lease SET state = 'running'`)
  changeStored(home, 'UPDATE keeper SET ended_at = NULL')
  if (bootId !== undefined)
    for (const table of ['lease', 'keeper']) changeStored(home, `UPDATE ${table} SET boot_id = ?`, bootId)
  await gateway.start()
  await gateway.kill()
  expect(stranger.isAlive()).toBe(true)
  expect((await listStoredLeases(home)).map(({ state }) => state)).toEqual(['lost'])
  const keepers = await readStored(home, (store) => store.listKeepers())
  expect(keepers.filter(({ pid }) => pid === stranger.pid)).toEqual([])
})

testWhere(
  [{ name: 'a pid namespace', works: hasPidNamespace(), reason: 'unshare is missing or refused' }],
  'A 20: the kernel gives the pid of an ended agent to another program: it outlives close, start and reaper',
  async () => {
    const main = fileURLToPath(new URL('pid-reuse/main.ts', import.meta.url))
    expect(runInPidNamespace(main, 50_000)).toEqual({
      closed: { isSamePid: true, isAlive: true, session: 'closed' },
      reaped: { isSamePid: true, isAlive: true, lease: 'lost' },
    })
  },
  60_000,
)

test('A 25: an agent that is idle for too long is ended with what it left behind; the session goes on in another one', async () => {
  await using gateway = await TestGateway.start({ config: { agents: { idleMs: 300 } } })
  const session = await gateway.newSession()
  const told = new ToldFile(join(gateway.home, 'told.log'))
  await gateway.ask(session, `@spawn env-scrub.mjs --log=${told.path} @say spawned`)
  await expect.poll(() => told.births('daemon'), { timeout: 10_000 }).toHaveLength(1)
  const alive = async (): Promise<unknown[]> => [...gateway.agents(), ...(await told.alive())]
  await expect.poll(alive, { timeout: 15_000 }).toEqual([])
  expect(await gateway.client.getSession(session)).toMatchObject({ state: 'open', agent_pid: null })
  expect((await gateway.ask(session, '@recall')).state).toBe('completed')
  expect(await gateway.text(session)).toContain('recall 1')
  expect(await gateway.received('load')).toHaveLength(1)
})
