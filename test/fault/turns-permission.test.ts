// C 66, 68, 70: what a person answers is what the agent gets, whatever ends in between.

import { expect, test } from 'vitest'

import { TestGateway } from '../_support/test-gateway.ts'
import type { PermissionView } from '../../src/wire/permission.ts'

/** The only request that waits in a session. */
async function waiting(gateway: TestGateway, session: string): Promise<PermissionView> {
  const list = async () => (await gateway.client.listPermissions({ session, state: 'open' })).permissions
  await expect.poll(list, { timeout: 10_000 }).toHaveLength(1)
  return (await list())[0]!
}

/** What the agent was told about requests in this turn. */
async function told(gateway: TestGateway, turnId: string): Promise<unknown[]> {
  const outcomes = (await gateway.received('permission')).filter(({ id }) => id === turnId)
  return outcomes.map(({ outcome, optionId }) => ({ outcome, optionId }))
}

test('C 66: allow and reject reach the agent as they were chosen; an option that was not offered is 422 and changes nothing', async () => {
  await using gateway = await TestGateway.start()
  const session = await gateway.newSession()
  for (const optionId of ['yes', 'no']) {
    const { turn } = await gateway.client.prompt(session, { prompt: '@perm edit' })
    const { id } = await waiting(gateway, session)
    const wrong = gateway.client.answerPermission(id, { option_id: 'maybe' })
    await expect(wrong).rejects.toMatchObject({ code: 'PERMISSION_OPTION_UNKNOWN', status: 422 })
    expect(await waiting(gateway, session)).toMatchObject({ id, state: 'open', option_id: null })
    await gateway.client.answerPermission(id, { option_id: optionId })
    expect((await gateway.ended(session, turn.id)).state).toBe('completed')
    expect(await told(gateway, turn.id)).toEqual([{ outcome: 'selected', optionId }])
  }
})

test('C 68: a cancel answers the open request with `cancelled`, ends the turn, and the request is closed for everybody', async () => {
  await using gateway = await TestGateway.start()
  const session = await gateway.newSession()
  const { turn } = await gateway.client.prompt(session, { prompt: '@perm edit' })
  const { id } = await waiting(gateway, session)
  await gateway.client.cancel(session, turn.id)
  expect(await gateway.ended(session, turn.id)).toMatchObject({ state: 'cancelled', outcome: { forced: false } })
  expect(await told(gateway, turn.id)).toEqual([{ outcome: 'cancelled', optionId: undefined }])
  expect(await gateway.client.getPermission(id)).toMatchObject({ state: 'cancelled', option_id: null })
  const late = gateway.client.answerPermission(id, { option_id: 'yes' })
  await expect(late).rejects.toMatchObject({ code: 'PERMISSION_CLOSED', status: 409 })
  expect((await gateway.ask(session, 'next')).state).toBe('completed')
})

test('C 70, keeper: a request outlives a SIGKILL of the gateway: same id, same deadline, and its answer reaches the same agent', async () => {
  await using gateway = await TestGateway.start()
  const session = await gateway.newSession()
  const { turn } = await gateway.client.prompt(session, { prompt: '@perm edit @say done' })
  const before = await waiting(gateway, session)
  await gateway.kill()
  await gateway.start()
  expect(await waiting(gateway, session)).toEqual(before)
  await gateway.client.answerPermission(before.id, { option_id: 'yes' })
  expect(await gateway.ended(session, turn.id)).toMatchObject({ state: 'completed', delivery: 'yes' })
  expect(await told(gateway, turn.id)).toEqual([{ outcome: 'selected', optionId: 'yes' }])
  expect(await gateway.received('start')).toHaveLength(1)
})

test('C 70, inline: after a SIGKILL the request is void, its turn interrupted, and an answer to it is 409', async () => {
  await using gateway = await TestGateway.start({ config: { keeper: { hosting: 'inline' } } })
  const session = await gateway.newSession()
  const { turn } = await gateway.client.prompt(session, { prompt: '@perm edit @say done' })
  const { id } = await waiting(gateway, session)
  await gateway.kill()
  await gateway.start()
  expect(await gateway.client.getPermission(id)).toMatchObject({ state: 'void', option_id: null })
  expect(await gateway.client.getTurn(session, turn.id)).toMatchObject({ state: 'interrupted', delivery: 'yes' })
  const late = gateway.client.answerPermission(id, { option_id: 'yes' })
  await expect(late).rejects.toMatchObject({ code: 'PERMISSION_CLOSED', status: 409 })
  expect(await told(gateway, turn.id)).toEqual([])
})
