// A question of an agent through a real gateway that is killed while it waits: asked once, answered by the command line, told once.

import { execFile } from 'node:child_process'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

import { LAUNCHER } from '../_support/launcher.ts'
import { TestGateway } from '../_support/test-gateway.ts'
import type { ElicitationView } from '../../src/wire/elicitation.ts'

const run = promisify(execFile)

async function waiting(gateway: TestGateway, session: string): Promise<ElicitationView> {
  const list = async () => (await gateway.client.listElicitations({ session, state: 'open' })).elicitations
  await expect.poll(list, { timeout: 10_000 }).toHaveLength(1)
  return (await list())[0]!
}

/** `holdfast` in the home of the gateway; resolves with what it printed. */
async function holdfast(gateway: TestGateway, ...args: string[]): Promise<string> {
  const env = { ...process.env, HOLDFAST_HOME: gateway.home, NO_COLOR: '1' }
  const { stdout } = await run(process.execPath, [LAUNCHER, '--no-start', ...args], { env })
  return stdout
}

test('a question outlives a SIGKILL of the gateway; the answer of the command line reaches the same agent once, and is kept nowhere', async () => {
  await using gateway = await TestGateway.start()
  const session = await gateway.newSession()
  const { turn } = await gateway.client.prompt(session, { prompt: '@elicit-form' })
  const before = await waiting(gateway, session)
  expect((await gateway.client.getSession(session)).activity).toBe('awaiting_answer')
  await gateway.kill()
  await gateway.start()
  expect(await waiting(gateway, session)).toEqual(before)
  const said = await holdfast(gateway, 'answer', before.id, '--set', 'name=TOP-SECRET-42', '--set', 'sure=no')
  expect(said).toBe(`${before.id} accepted (name, size, sure)\n`)
  expect(await gateway.ended(session, turn.id)).toMatchObject({ state: 'completed', delivery: 'yes' })
  const content = { name: 'TOP-SECRET-42', size: 's', sure: false }
  expect(await gateway.received('elicitation')).toMatchObject([{ action: 'accept', content }])
  expect(await gateway.received('start')).toHaveLength(1)
  const events = (await gateway.events(session)).filter(({ type }) => type !== 'update')
  expect(JSON.stringify(events)).not.toContain('TOP-SECRET-42')
  const logs = join(gateway.home, 'state')
  for (const name of await readdir(logs, { recursive: true }))
    if (name.endsWith('.log')) expect(await readFile(join(logs, name), 'utf8')).not.toContain('TOP-SECRET-42')

  // In the same gateway: a page is consent, then done; and what nobody could be shown is refused.
  const page = await gateway.client.prompt(session, { prompt: '@elicit-url @elicit-odd' })
  const asked = await waiting(gateway, session)
  expect(asked.url).toBe('https://login.example/device?code=ABCD')
  await holdfast(gateway, 'answer', asked.id, '--accept')
  await gateway.ended(session, page.turn.id)
  const closed = await gateway.client.getElicitation(asked.id)
  expect(closed).toMatchObject({ action: 'accept', fields: null, completed_at: expect.any(String) as unknown })
  const [, consent, odd] = await gateway.received('elicitation')
  expect([consent?.['action'], odd?.['error']]).toEqual(['accept', expect.objectContaining({ code: -32602 })])
})
