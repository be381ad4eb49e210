import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { HoldfastError } from '../base/errors.ts'
import { checkKeeperUnit, checkService, checkServiceAgent } from './service-checks.ts'
import type { ServiceFileView, ServicePort, ServiceStateView } from './service-port.ts'

type Found = ServiceFileView['found']
const RUNNING: Omit<ServiceStateView, 'files'> = {
  manager: 'systemd',
  name: 'holdfast.service',
  isInstalled: true,
  isEnabled: true,
  activity: 'active (running)',
  pid: 7,
  lingers: true,
  searchPath: '/opt/bin',
}

function depsOf(found: Found, differences: Partial<ServiceStateView> | Error = {}) {
  const files = [{ path: '/u/holdfast.service', text: '', found }]
  const state = async (): Promise<ServiceStateView> => {
    if (differences instanceof Error) throw differences
    return { ...RUNNING, files, ...differences }
  }
  const control = { files: () => files, state } as unknown as ServicePort
  return { openService: async () => ({ control, leftOut: [], environmentFile: '', home: undefined, user: undefined }) }
}

const linesOf = async (...args: Parameters<typeof depsOf>): Promise<string[]> => {
  const { checks } = await checkService(depsOf(...args))
  return checks.map(({ result, name, detail }) => `${result} ${name}: ${detail}`)
}

test.each<[string, Parameters<typeof depsOf>, RegExp[]]>([
  ['nothing installed is nothing wrong', ['missing'], [/^ok service: none; commands start the gateway/]],
  ['one that runs is said', ['current'], [/^ok service: holdfast\.service: active \(running\)$/]],
  ['another PATH than the shell is no news', ['differs'], [/^ok service/]],
  ['one of another version is to be installed again', ['stale'], [/^ok/, /^warn service files: of another version/]],
  ['one that is not enabled', ['current', { isEnabled: false }], [/^ok/, /^warn service at start: not enabled/]],
  ['one that ends at logout', ['current', { lingers: false }], [/^ok/, /^warn service at start: .*enable-linger$/]],
  ['one that has failed', ['current', { activity: 'failed (failed)' }], [/^fail service: .*failed/]],
  ['a unit of somebody else', ['foreign', { isInstalled: false }], [/^warn service: .* not written by Holdfast/]],
  [
    'a manager that does not answer',
    ['current', new HoldfastError('SUPERVISOR_UNAVAILABLE', { reason: 'no bus' })],
    [/^warn service: The service manager cannot be used: no bus/],
  ],
])('%s', async (_, args, expected) => {
  const lines = await linesOf(...args)
  expect(lines).toEqual(expected.map((pattern) => expect.stringMatching(pattern) as string))
})

test('an agent that the shell finds and the service does not is said to be so', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'hf-path-'))
  try {
    writeFileSync(join(dir, 'claude'), '', { mode: 0o755 })
    const agent = { name: 'claude', command: 'claude' } as Parameters<typeof checkServiceAgent>[0]
    expect(await checkServiceAgent(agent, dir, dir)).toMatchObject({ result: 'ok' })
    expect(await checkServiceAgent(agent, dir, '/nowhere')).toMatchObject({
      result: 'warn',
      detail: expect.stringMatching(/not in the PATH of the service/) as string,
    })
    expect(await checkServiceAgent(agent, '/nowhere', '/nowhere')).toMatchObject({ detail: 'claude: not found' })
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})

test('a keeper in the unit of its gateway is said; one in a unit of its own, or without any unit, is not', () => {
  const keeper = { pid: 8 } as Parameters<typeof checkKeeperUnit>[0]['keepers'][number]
  const look = (gateway: string, own: string) =>
    checkKeeperUnit({ pid: 7, keepers: [keeper] }, (pid) => `0::${pid === 7 ? gateway : own}\n`)
  const user = '/user.slice/user-1.slice/user@1.service/app.slice'
  expect(look(`${user}/holdfast.service`, `${user}/holdfast.service`)).toHaveLength(1)
  expect(look(`${user}/holdfast.service`, `${user}/x.slice/holdfast-keeper@1.service`)).toEqual([])
  expect(look('/user.slice/user-1.slice/session-1.scope', '/user.slice/user-1.slice/session-1.scope')).toEqual([])
  expect(look('/', '/')).toEqual([])
})
