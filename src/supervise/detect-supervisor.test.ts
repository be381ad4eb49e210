import { expect, test } from 'vitest'

import { detectSupervisor } from './detect-supervisor.ts'
import type { OwnProcess } from './own-process.ts'

const USER_CGROUP = '0::/user.slice/user-1000.slice/user@1000.service/app.slice/holdfast.service\n'
const self: OwnProcess = { pid: 700, ppid: 500, cgroup: USER_CGROUP, parentArgv: ['/lib/systemd/systemd', '--user'] }
const own = { HOLDFAST_SUPERVISOR: 'systemd:holdfast.service:user', INVOCATION_ID: 'abc', SYSTEMD_EXEC_PID: '700' }

test('our own unit names itself, its scope and its stop budget', () => {
  expect(detectSupervisor({ ...own, HOLDFAST_STOP_BUDGET_MS: '150000' }, self)).toEqual({
    kind: 'systemd',
    unit: 'holdfast.service',
    scope: 'user',
    isOurs: true,
    stopBudgetMs: 150_000,
  })
})

test('a systemd that is too old to name the pid it executed is believed when the unit is ours', () => {
  const { SYSTEMD_EXEC_PID: _, ...old } = own
  expect(detectSupervisor(old, self)).toMatchObject({ kind: 'systemd', isOurs: true })
})

test('our launcher between systemd and us is no other process', () => {
  const handedOver = {
    ...self,
    pid: 701,
    ppid: 700,
    parentArgv: ['/usr/bin/node', '/opt/holdfast/bin/holdfast.cjs', 'serve'],
  }
  expect(detectSupervisor(own, handedOver)).toMatchObject({ kind: 'systemd', unit: 'holdfast.service' })
})

test.each<[string, Record<string, string>, Partial<OwnProcess>]>([
  ['nothing', {}, {}],
  ['the variables of the gateway in a child of it', own, { pid: 900, ppid: 700 }],
  [
    'a child of our launcher that systemd did not execute',
    own,
    { pid: 900, ppid: 800, parentArgv: ['node', 'holdfast.cjs'] },
  ],
  ['our variable without an invocation', { HOLDFAST_SUPERVISOR: own.HOLDFAST_SUPERVISOR }, {}],
  ['a name that is no unit', { ...own, HOLDFAST_SUPERVISOR: 'systemd:../x:user', SYSTEMD_EXEC_PID: '1' }, {}],
  [
    'a shell of a login',
    { INVOCATION_ID: 'abc', SYSTEMD_EXEC_PID: '700' },
    { cgroup: '0::/user.slice/user-1000.slice/session-3.scope\n' },
  ],
  ['a terminal that a service manager started', { INVOCATION_ID: 'abc', SYSTEMD_EXEC_PID: '620' }, {}],
  ['a foreign unit of a systemd that names no pid', { INVOCATION_ID: 'abc' }, {}],
  [
    'the manager of a user itself',
    { INVOCATION_ID: 'abc', SYSTEMD_EXEC_PID: '700' },
    { cgroup: '0::/user.slice/user@1000.service\n' },
  ],
  ['a container that hides its control group', { INVOCATION_ID: 'abc', SYSTEMD_EXEC_PID: '700' }, { cgroup: '0::/\n' }],
  ['a job of launchd that is not ours', { XPC_SERVICE_NAME: 'com.example.shell' }, { ppid: 1 }],
  [
    'our label in a child of the job',
    { HOLDFAST_SUPERVISOR: 'launchd:dev.holdfast', XPC_SERVICE_NAME: 'dev.holdfast' },
    {},
  ],
])('%s is no supervisor of this process', (_, env, differences) => {
  expect(detectSupervisor(env, { ...self, ...differences })).toEqual({ kind: 'none' })
})

test.each([
  ['0::/system.slice/agents.service\n', 'system'],
  ['0::/system.slice/agents.service/gateway\n', 'system'],
  ['4:memory:/x\n1:name=systemd:/user.slice/user@7.service/app.slice/agents.service\n0::/\n', 'user'],
])('a foreign unit is known by the control group %j', (cgroup, scope) => {
  const env = { INVOCATION_ID: 'abc', SYSTEMD_EXEC_PID: '700' }
  const found = { kind: 'systemd', unit: 'agents.service', scope, isOurs: false }
  expect(detectSupervisor(env, { ...self, cgroup })).toEqual(found)
})

test('our launchd job is known by its label and its parent, and has 20 s to stop', () => {
  const env = { HOLDFAST_SUPERVISOR: 'launchd:dev.holdfast', XPC_SERVICE_NAME: 'dev.holdfast' }
  const found = { kind: 'launchd', unit: 'dev.holdfast', scope: 'user', isOurs: true, stopBudgetMs: 20_000 }
  expect(detectSupervisor(env, { ...self, ppid: 1 })).toEqual(found)
})
