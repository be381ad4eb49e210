// D 90 to 92: a long log is read in pages, what a client has seen is there after a kill, and hostile text stays text.

import { expect, test } from 'vitest'

import { prefill } from '../../bench/prefill.ts'
import type { EventView } from '../../src/wire/event.ts'
import { TestGateway } from '../_support/test-gateway.ts'
import { until } from '../_support/until.ts'

const EVENTS = 100_000
/** Enough for a gateway and some pages of events, not for a tenth of the log. */
const SMALL_HEAP = { NODE_OPTIONS: '--max-old-space-size=32' }

test('D 90: a gateway with a heap of 32 MB starts with a log of 100,000 events and gives it whole, in pages', async () => {
  await using gateway = await TestGateway.prepare()
  const session = (await prefill(gateway.home, { sessions: 0, eventsPerSession: 0, longSessionEvents: EVENTS }))!
  await gateway.start(SMALL_HEAP)
  const page = await gateway.client.listEvents(session)
  expect(page).toMatchObject({ head: EVENTS, next_after: 200 })
  const tooMany = gateway.client.listEvents(session, { limit: 1_001 })
  await expect(tooMany).rejects.toMatchObject({ code: 'BAD_REQUEST' })
  let last = 0
  const leave = new AbortController()
  const options = { after: 0, signal: leave.signal, onReconnect: () => leave.abort() }
  for await (const { seq } of gateway.client.events(session, options)) {
    if (seq !== last + 1) throw new Error(`event ${seq} came after ${last}`)
    last = seq
    if (seq === EVENTS) break
  }
  expect(last).toBe(EVENTS)
})

test('D 91: every event that a client saw before a SIGKILL is there after the restart, as it was', async () => {
  await using gateway = await TestGateway.start()
  const session = await gateway.newSession()
  await gateway.ask(session, 'warm')
  for (const seenMin of [3, 150]) {
    const seen: EventView[] = []
    const leave = new AbortController()
    const follow = async (): Promise<void> => {
      const after = (await gateway.client.getSession(session)).last_seq
      for await (const event of gateway.client.events(session, { after, signal: leave.signal })) seen.push(event)
    }
    const following = follow()
    const { turn } = await gateway.client.prompt(session, { prompt: '@chunks 400 2' })
    await until(() => seen.length >= seenMin, { ms: 10_000, intervalMs: 1, what: () => `${seen.length} events` })
    const killed = gateway.kill()
    leave.abort()
    await Promise.all([killed, following])
    await gateway.start()
    const stored = await gateway.client.listEvents(session, { after: seen[0]!.seq - 1, limit: seen.length })
    expect(stored.events).toEqual(seen)
    await gateway.ended(session, turn.id)
  }
})

test('D 92: poisoned keys, bad UTF-8, NUL and lone surrogates are stored and served as JSON, and harm nothing', async () => {
  await using gateway = await TestGateway.start()
  const session = await gateway.newSession()
  const prompt = '@proto @bad-utf8 nul \u0000 lone \ud800 and \udc00'
  expect((await gateway.ask(session, prompt)).state).toBe('completed')
  expect(await gateway.text(session)).toContain(
    'proto bad >\ufffd\ufffd(\ufffd\ufffd\ufffd< utf8 nul \u0000 lone \ud800 low \udc00 sep \u2028 ',
  )
  const updates = (await gateway.events(session)).map(({ data }) => data as Record<string, unknown>)
  const poisoned = updates.find((data) => Object.hasOwn(data, '__proto__'))
  expect(Object.getOwnPropertyDescriptor(poisoned ?? {}, '__proto__')?.value).toEqual({ polluted: 'yes' })
  // `polluted` would be there in everything that the gateway makes, and so in what it answers with.
  expect(JSON.stringify(await gateway.client.status())).not.toContain('polluted')
  const [received] = await gateway.received('recv')
  expect(received?.['text']).toBe(prompt)
  expect((await gateway.run('events', session, '--json')).stdout.trim().split('\n').every(isJson)).toBe(true)
  await gateway.kill()
  await gateway.start()
  expect(await gateway.text(session)).toContain('nul \u0000 lone \ud800 low \udc00 sep \u2028 ')
  expect((await gateway.ask(session, 'again')).state).toBe('completed')
  expect(await gateway.text(session)).toContain('echo: again')
})

function isJson(line: string): boolean {
  return typeof JSON.parse(line) === 'object'
}
