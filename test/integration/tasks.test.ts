// Tasks through a real gateway process: a child works, the gateway dies in the middle, and the parent hears of it once.

import { mkdir, rm, writeFile } from 'node:fs/promises'

import { expect, test } from 'vitest'

import { TestGateway } from '../_support/test-gateway.ts'

/** What the parent was told, and what it was asked because of it. */
async function told(gateway: TestGateway, parent: string): Promise<{ ended: number; prompts: number }> {
  const events = await gateway.events(parent)
  const { turns } = await gateway.client.listTurns(parent)
  return {
    ended: events.filter(({ type }) => type === 'task.ended').length,
    prompts: turns.filter(({ origin }) => origin === 'task').length,
  }
}

async function settled(gateway: TestGateway, parent: string): Promise<Record<string, unknown>> {
  const get = async () => (await gateway.client.listTasks({ parent })).tasks[0]
  await expect.poll(async () => (await get())?.delivery, { timeout: 20_000 }).toBe('delivered')
  return { ...(await get()) }
}

test('a task goes on when its gateway is killed; the parent hears of its end once and acts on it', async () => {
  await using gateway = await TestGateway.start()
  const parent = await gateway.newSession('scripted', { key: 'boss' })
  const child = await gateway.newSession('scripted', { parent: 'BOSS', label: 'the child', notify: 'prompt' })
  const { turn } = await gateway.client.prompt(child, { prompt: '@say working @sleep 3000 @say done' })
  await expect
    .poll(async () => (await gateway.client.listTasks({ parent })).tasks[0]?.status, { timeout: 10_000 })
    .toBe('running')
  await gateway.kill('SIGKILL')
  await gateway.start()
  expect((await gateway.ended(child, turn.id)).state).toBe('completed')
  expect(await settled(gateway, parent)).toMatchObject({ turn_id: turn.id, status: 'succeeded', outcome: 'succeeded' })
  await expect.poll(async () => gateway.text(parent), { timeout: 20_000 }).toContain('Background task "the child"')
  for (let lives = 0; lives < 2; lives++) {
    await gateway.kill('SIGKILL')
    await gateway.start()
  }
  expect(await told(gateway, parent)).toEqual({ ended: 1, prompts: 1 })
})

test('a session whose directory or agent is gone is stale, and says so from the command line', async () => {
  await using gateway = await TestGateway.start()
  const cwd = `${gateway.home}/gone`
  await mkdir(cwd)
  await gateway.client.createSession({ agent: 'scripted', cwd, key: 'left' })
  const other = await gateway.newSession('stubborn')
  await rm(cwd, { recursive: true })
  const { code, stderr } = await gateway.run('prompt', '-s', 'left', 'hello')
  expect([code, stderr]).toEqual([1, expect.stringContaining('is not there any more')])
  await gateway.kill('SIGTERM')
  await writeFile(`${gateway.home}/config.jsonc`, JSON.stringify({ http: { enabled: false } }))
  await gateway.start()
  await expect(gateway.client.prompt(other, { prompt: 'hi' })).rejects.toMatchObject({ code: 'SESSION_STALE' })
  expect((await gateway.client.closeSession(other)).session.state).toBe('closed')
})

test('fifty clients that ensure one key at once get one session', async () => {
  await using gateway = await TestGateway.start()
  const body = { agent: 'scripted', cwd: gateway.workspace }
  const all = await Promise.all(Array.from({ length: 50 }, () => gateway.client.ensureSession('one', body)))
  expect(new Set(all.map(({ session }) => session.id)).size).toBe(1)
  expect(all.filter(({ created }) => created).length).toBe(1)
})
