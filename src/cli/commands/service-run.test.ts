// `holdfast service start` while some gateway answers: whose it is decides what is said.

import { expect, test } from 'vitest'

import { TestCliGateway } from '../../../test/_support/test-cli-gateway.ts'
import { HoldfastError } from '../../base/errors.ts'
import type { ServicePort, ServiceStateView } from '../service-port.ts'

const INSTALLED: ServiceStateView = {
  manager: 'systemd',
  name: 'holdfast.service',
  isInstalled: true,
  isEnabled: true,
  activity: 'inactive (dead)',
  pid: undefined,
  lingers: true,
  searchPath: undefined,
  files: [],
}
const NOT_INSTALLED = { ...INSTALLED, isInstalled: false, activity: 'not installed' }
const BETWEEN_LIVES = { ...INSTALLED, activity: 'activating (auto-restart)' }
const ACTIVE = { ...INSTALLED, activity: 'active (running)', pid: 4712 }

/** `states`: one after the other; the last one stays. */
async function start(...states: ServiceStateView[]): Promise<{ code: number; out: string; err: string }> {
  await using gateway = await TestCliGateway.start()
  const control = {
    state: async () => (states.length > 1 ? states.shift() : states[0])!,
    start: async () => {
      if (states[0] === NOT_INSTALLED) throw new HoldfastError('SERVICE_NOT_INSTALLED')
    },
  } as ServicePort
  const opened = { control, leftOut: [], environmentFile: '/e', home: undefined, user: undefined }
  return await gateway.cli.run(['service', 'start'], { deps: { openService: async () => opened } })
}

test('a gateway that somebody started by hand is named, and the service is not started', async () => {
  expect(await start(INSTALLED)).toMatchObject({ code: 75, err: expect.stringContaining('pid 4711') })
})

test('a service that is not installed is said to be that, whoever answers', async () => {
  expect(await start(NOT_INSTALLED)).toMatchObject({ code: 1, err: expect.stringContaining('not installed') })
})

test('a gateway that the service has started meanwhile is no other one', async () => {
  const { code, out } = await start(BETWEEN_LIVES, ACTIVE)
  expect([code, out]).toEqual([0, 'started holdfast.service: active (running), pid 4712\n'])
})
