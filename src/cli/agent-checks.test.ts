// What `holdfast doctor` says of agents: those of the configuration, too, when they want a login.

import { expect, test } from 'vitest'

import type { AgentView } from '../wire/gateway.ts'
import { checkAgents } from './agent-checks.ts'

const CONFIGURED: AgentView = {
  name: 'mine',
  title: 'Mine',
  command: process.execPath,
  source: 'config',
  host: null,
  protocol: '1',
  chosen: true,
  installed: 'yes',
  version: null,
  login: 'unknown',
  login_help: null,
  homepage: null,
}

test('an agent of the configuration that sessions wait for is a warning that says what to type', async () => {
  const [fine] = await checkAgents([CONFIGURED], process.env['PATH'] ?? '', undefined)
  expect(fine).toMatchObject({ name: 'agent mine', result: 'ok' })
  const [locked] = await checkAgents([{ ...CONFIGURED, login: 'no' }], process.env['PATH'] ?? '', undefined)
  expect(locked).toEqual({
    name: 'agent mine',
    result: 'warn',
    detail: `${process.execPath}; not logged in: holdfast agents login mine`,
  })
})
