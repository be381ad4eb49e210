// A session whose actor has failed: what is left of its turn, and how often it is opened again.

import { expect, test } from 'vitest'

import { echo, fakeConnector } from '../../test/_support/fake-connector.ts'
import type { FakeConnector, OnPrompt } from '../../test/_support/fake-connector.ts'
import { TestSessions } from '../../test/_support/test-sessions.ts'
import type { SessionId, TurnId } from '../base/ids.ts'

const HELLO = [{ type: 'text', text: 'hello' }]
/** What the border of the agent never lets through: a fault of ours, as the actor sees it. */
const POISON = '{"sessionUpdate":'
const poison: OnPrompt = ({ listener }) => listener.update(POISON)

interface Rig extends AsyncDisposable {
  readonly at: TestSessions
  readonly connector: FakeConnector
  readonly errors: string[]
  readonly id: SessionId
  readonly no: number
  /** The turns of so many prompts, the first of them with the agent. */
  prompt(count: number, onInterrupt: 'hold' | 'continue'): Promise<TurnId[]>
  dispatched(): Promise<number>
}

async function openRig(): Promise<Rig> {
  const errors: string[] = []
  const ignore = (): void => {}
  const error = (_: object, said: string): void => void errors.push(said)
  const connector = fakeConnector(() => {})
  const logger = { debug: ignore, info: ignore, warn: ignore, error }
  const at = await TestSessions.start({ silenceMs: 60_000, turnMs: 0 }, { connector, logger })
  const { status } = await at.service.ensure({ agent: 'fake', cwd: '/tmp' })
  const { id, no } = status.session
  const prompt: Rig['prompt'] = async (count, onInterrupt) => {
    const turns: TurnId[] = []
    for (let n = 0; n < count; n++) turns.push((await at.service.prompt(id, { prompt: HELLO, onInterrupt })).turn.id)
    await expect.poll(() => connector.agents[0]?.prompts).toEqual(turns.slice(0, 1))
    return turns
  }
  const dispatched = async (): Promise<number> => {
    const types = await at.history(no)
    return types.filter((type) => type === 'turn.dispatched').length
  }
  return { at, connector, errors, id, no, prompt, dispatched, [Symbol.asyncDispose]: () => at[Symbol.asyncDispose]() }
}

test('a turn whose actor has failed is said to be interrupted, unasked, and its process is ended', async () => {
  await using rig = await openRig()
  const { at, connector, id, no } = rig
  const [turn] = await rig.prompt(1, 'hold')
  connector.agents[0]?.listener.update(POISON)
  await expect.poll(() => at.history(no), { timeout: 5_000 }).toContain('turn.ended:interrupted')
  expect(connector.agents.map(({ stops }) => stops)).toEqual([1])
  expect(await at.service.turn(id, turn as TurnId)).toMatchObject({ state: 'interrupted' })
  expect(rig.errors).toEqual(['session actor failed'])
})

test('a session that fails each time is opened again three times; then it waits until somebody asks', async () => {
  await using rig = await openRig()
  const { at, connector, errors, id } = rig
  const turns = await rig.prompt(6, 'continue')
  connector.onPrompt = poison
  connector.agents[0]?.listener.update(POISON)
  await expect.poll(() => errors.at(-1), { timeout: 10_000 }).toBe('session fails again and again')
  expect(await rig.dispatched()).toBe(4)
  connector.onPrompt = echo
  await at.service.cancel(id, turns[5])
  await expect.poll(async () => (await at.service.turn(id, turns[4] as TurnId)).state).toBe('completed')
})
