// Commands that agents run in terminals of a real gateway: what they give, what ends them, and what outlives the gateway.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { killPid } from '../_support/kill.ts'
import { listLeaks } from '../_support/leak-check.ts'
import { TestGateway } from '../_support/test-gateway.ts'

const SHORT = { timeout: 10_000, interval: 20 }

async function script(gateway: TestGateway, name: string, text: string): Promise<string> {
  const path = join(gateway.workspace, name)
  await writeFile(path, text)
  return path
}

/** Processes that a terminal runs, by a word of their command line. */
const running = (gateway: TestGateway, word: string) =>
  gateway.agents().filter(({ command }) => command.includes(word) && !command.includes('scripted-agent'))

test('a command is run, waited for twice, shown and released (C-63, C-64)', async () => {
  await using gateway = await TestGateway.start()
  const session = await gateway.newSession()
  const turn = await gateway.ask(session, '@term pwd')
  expect(turn.state).toBe('completed')
  expect(await gateway.text(session)).toBe(`terminal exit 0: ${gateway.workspace}\n `)
  await gateway.ask(session, '@term no-such-command-here')
  expect(await gateway.text(session)).toContain(
    'terminal error -32603: the command was not found: no-such-command-here',
  )
  expect(gateway.agents()).toHaveLength(1)
})

test('a flood of output is cut at its limit, on a whole character, and hurts nobody (C-63)', async () => {
  await using gateway = await TestGateway.start()
  const session = await gateway.newSession()
  const flooding = gateway.ask(session, '@term-flood 64')
  expect((await gateway.ask(await gateway.newSession(), 'beside it')).state).toBe('completed')
  expect((await flooding).state).toBe('completed')
  expect(await gateway.text(session)).toBe('terminal: 65534 bytes, truncated true ')
})

test('terminals are not known to the gateway where they were not offered (C-60)', async () => {
  const command = [process.execPath, join(import.meta.dirname, '../agents/scripted-agent.mjs')] as const
  await using gateway = await TestGateway.start({ agents: { bare: { command } } })
  const session = await gateway.newSession('bare')
  await gateway.ask(session, '@term echo hi')
  expect(await gateway.text(session)).toContain('terminal error -32601')
})

test('a session that is closed leaves no terminal of its agent (A 24, C-65)', async () => {
  await using gateway = await TestGateway.start()
  const session = await gateway.newSession()
  const fork = join(import.meta.dirname, '../agents/nasty/double-fork.mjs')
  const forking = await script(
    gateway,
    'forking.sh',
    `${process.execPath} ${fork} --log=${gateway.home}/fork.log\nsleep 601\n`,
  )
  await gateway.ask(session, `@term-leak sleep 600 @term-leak sh ${forking}`)
  const births = async () =>
    (await readFile(join(gateway.home, 'fork.log'), 'utf8').catch(() => '')).match(/^\d+ \d+/gm) ?? []
  await expect.poll(async () => listLeaks({ births: await births() }).length, SHORT).toBeGreaterThan(0)
  await expect.poll(() => running(gateway, 'sleep 60').length, SHORT).toBeGreaterThanOrEqual(2)
  await gateway.client.closeSession(session)
  expect(gateway.agents()).toEqual([])
  expect(await births()).toHaveLength(2)
  expect(listLeaks({ births: await births() })).toEqual([])
})

test('an agent that dies takes its terminals along, and the next one starts without them (C-65)', async () => {
  await using gateway = await TestGateway.start()
  const session = await gateway.newSession()
  await gateway.ask(session, '@term-leak sleep 600')
  expect(running(gateway, 'sleep 600')).toHaveLength(1)
  expect((await gateway.ask(session, '@kill9')).state).toBe('failed')
  expect((await gateway.ask(session, 'next')).state).toBe('completed')
  expect(running(gateway, 'sleep 600')).toEqual([])
})

test('a command deaf to SIGTERM is killed; its output and exit stay until the release (C-64)', async () => {
  await using gateway = await TestGateway.start()
  const session = await gateway.newSession()
  const deaf = await script(gateway, 'deaf.sh', 'trap "" TERM\necho up\nwhile :; do sleep 600; done\n')
  await gateway.ask(session, `@term-leak sh ${deaf}`)
  await expect.poll(() => running(gateway, 'sleep 600'), SHORT).toHaveLength(1)
  await gateway.ask(session, '@term-end')
  expect(await gateway.received('term-end')).toMatchObject([
    {
      running: { output: 'up\n', truncated: false },
      exit: { exitCode: null, signal: 'SIGKILL' },
      killed: { output: 'up\n', truncated: false, exitStatus: { exitCode: null, signal: 'SIGKILL' } },
      released: { result: {} },
      after: -32002,
    },
  ])
  expect(running(gateway, 'deaf.sh')).toEqual([])
})

test('an agent has a bounded number of terminals', async () => {
  await using gateway = await TestGateway.start()
  const session = await gateway.newSession()
  await gateway.ask(session, '@term-crowd 34')
  expect(await gateway.text(session)).toBe('crowd: 32 run, refused -32603 ')
  await gateway.client.closeSession(session)
  expect(gateway.agents()).toEqual([])
})

test('output of a command is a sign of life of its turn; a silent command is none', async () => {
  await using gateway = await TestGateway.start({ config: { deadlines: { silenceMs: 1_500, cancelGraceMs: 200 } } })
  const [busy, silent] = [await gateway.newSession(), await gateway.newSession()]
  const talking = await script(gateway, 'talking.sh', 'for n in 1 2 3 4 5 6 7 8 9; do echo $n; sleep 0.4; done\n')
  const [kept, cut] = await Promise.all([
    gateway.ask(busy, `@term sh ${talking}`),
    gateway.ask(silent, '@term sleep 600'),
  ])
  expect(kept.state).toBe('completed')
  expect(cut.state).toBe('timed_out')
})

test('a command and the wait for it outlive the gateway, twice; the wait is answered once', async () => {
  await using gateway = await TestGateway.start()
  const session = await gateway.newSession()
  const go = join(gateway.workspace, 'go')
  const waiting = await script(
    gateway,
    'w.sh',
    `echo before\nwhile [ ! -e ${go} ]; do sleep 0.05; done\necho after\nexit 7\n`,
  )
  const { turn } = await gateway.client.prompt(session, { prompt: `@say start @term sh ${waiting} @say done` })
  await expect.poll(() => running(gateway, 'w.sh'), SHORT).toHaveLength(1)
  const [{ pid } = { pid: undefined }] = running(gateway, 'w.sh')
  await expect.poll(() => gateway.text(session), SHORT).toContain('start')
  for (let life = 0; life < 2; life++) {
    await gateway.kill()
    await gateway.start()
    expect(running(gateway, 'w.sh').map((row) => row.pid)).toEqual([pid])
  }
  await writeFile(go, '')
  expect((await gateway.ended(session, turn.id)).state).toBe('completed')
  expect(await gateway.text(session)).toBe('startterminal exit 7: before\nafter\n done')
  expect(await gateway.received('unasked')).toEqual([])
  await gateway.ask(session, 'still there')
  expect(await gateway.received('start')).toHaveLength(1)
})

test('the next life shows, kills and releases a terminal of the one before, with what was written meanwhile', async () => {
  await using gateway = await TestGateway.start()
  const session = await gateway.newSession()
  const counting = await script(
    gateway,
    'c.sh',
    `n=0; while :; do n=$((n+1)); echo $n; echo $n > ${gateway.home}/n; sleep 0.02; done`,
  )
  await gateway.ask(session, `@term-leak sh ${counting}`)
  const count = async () => Number(await readFile(join(gateway.home, 'n'), 'utf8').catch(() => '0'))
  await expect.poll(count, SHORT).toBeGreaterThan(5)
  await gateway.kill()
  const atKill = await count()
  await expect.poll(count, SHORT).toBeGreaterThan(atKill + 5)
  await gateway.start()
  await gateway.ask(session, '@term-end')
  const [ended] = (await gateway.received('term-end')) as { killed: { output: string }; after: number }[]
  const lines = ended?.killed.output.trimEnd().split('\n') ?? []
  expect(lines.length).toBeGreaterThan(atKill + 5)
  expect(lines).toEqual(lines.map((_, i) => String(i + 1)))
  expect(ended?.after).toBe(-32002)
  expect(running(gateway, 'c.sh')).toEqual([])
})

test('terminals of an agent that died without a gateway are ended by the next one', async () => {
  await using gateway = await TestGateway.start()
  const session = await gateway.newSession()
  await gateway.ask(session, '@term-leak sleep 600')
  const agent = gateway.agents().find(({ command }) => command.includes('scripted-agent'))
  await gateway.kill()
  killPid(agent?.pid, 'SIGKILL')
  await gateway.start()
  await expect.poll(() => running(gateway, 'sleep 600'), SHORT).toEqual([])
})
