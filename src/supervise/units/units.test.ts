import { expect, test } from 'vitest'

import { oddPlan, servicePlan } from '../../../test/_support/service-plan.ts'
import { gatewayUnit, socketUnit, stopBudgetOf } from './gateway-unit.ts'
import { keeperUnit } from './keeper-unit.ts'
import { MARKER } from './service-plan.ts'
import { commandLine, environmentAssignment, readEnvironment } from './unit-text.ts'

const linesOf = (text: string): string[] => text.split('\n')

test('the gateway is a notifying service that only an explicit failure restarts', () => {
  expect(linesOf(gatewayUnit(servicePlan()))).toEqual(
    expect.arrayContaining([
      `# ${MARKER} Changes are lost with the next install; use a drop-in.`,
      '# version=1.2.3',
      'Type=notify',
      'NotifyAccess=all',
      'ExecStart=/opt/node/bin/node /opt/holdfast/bin/holdfast.cjs serve',
      'Environment=PATH=/opt/node/bin:/usr/bin:/bin',
      'Environment=HOLDFAST_SUPERVISOR=systemd:holdfast.service:user',
      'Environment=HOLDFAST_KEEPER_UNIT=holdfast-keeper',
      'Restart=on-failure',
      'RestartSec=2',
      'RestartForceExitStatus=86',
      'SuccessExitStatus=86',
      'RestartPreventExitStatus=75 78',
      'RestartKillSignal=SIGUSR1',
      'StartLimitIntervalSec=60',
      'StartLimitBurst=5',
      'WatchdogSec=60',
      'KillMode=mixed',
      'OOMPolicy=continue',
      'UMask=0077',
      'WantedBy=default.target',
    ]),
  )
  expect(gatewayUnit(servicePlan())).not.toMatch(/ProtectHome|PrivateTmp|NoNewPrivileges/)
})

test('the stop timeout is the drain and 30 s, and the gateway is told the same number', () => {
  const text = gatewayUnit(servicePlan({ drainMs: 600_500 }))
  expect(stopBudgetOf({ drainMs: 600_500 })).toBe(631_000)
  expect(linesOf(text)).toEqual(
    expect.arrayContaining(['TimeoutStopSec=631000ms', 'Environment=HOLDFAST_STOP_BUDGET_MS=631000']),
  )
})

test('the keeper is a unit of its own: delegated, stopped after the gateway, with its orders in a file', () => {
  expect(linesOf(keeperUnit(servicePlan()))).toEqual(
    expect.arrayContaining([
      'Before=holdfast.service',
      'ExecStart=/opt/node/bin/node --max-old-space-size=256 /opt/holdfast/dist/bin/keeper.js --orders "/run/user/1000/holdfast/k%i.orders"',
      'Delegate=yes',
      'KillMode=mixed',
      'OOMPolicy=continue',
      'Restart=no',
    ]),
  )
  expect(keeperUnit(servicePlan())).not.toMatch(/EnvironmentFile|PartOf|BindsTo/)
})

test('with sockets the service needs them, and they are for their user alone', () => {
  const plan = servicePlan({ hasSocket: true })
  expect(linesOf(gatewayUnit(plan))).toEqual(
    expect.arrayContaining(['Requires=holdfast.socket', 'Also=holdfast.socket']),
  )
  expect(linesOf(socketUnit(plan))).toEqual(
    expect.arrayContaining([
      'ListenStream=/run/user/1000/holdfast/gateway.sock',
      'ListenStream=127.0.0.1:7433',
      'SocketMode=0600',
      'DirectoryMode=0700',
    ]),
  )
  expect(socketUnit(servicePlan({ tcp: undefined }))).not.toContain('7433')
})

test('a service of the system runs as its user, who may not start units', () => {
  const text = gatewayUnit(servicePlan({ scope: 'system', user: 'ada', stateDir: '/var/lib/holdfast/state' }))
  expect(linesOf(text)).toEqual(
    expect.arrayContaining([
      'User=ada',
      'WantedBy=multi-user.target',
      'StateDirectory=holdfast',
      'StateDirectoryMode=0700',
    ]),
  )
  expect(text).not.toContain('HOLDFAST_KEEPER_UNIT')
})

test.each([
  [['/bin/a', 'b'], '/bin/a b'],
  [['/opt/my node/node', 'a b'], '"/opt/my node/node" "a b"'],
  [['/bin/a', '50%'], '/bin/a 50%%'],
  [['/bin/a', '$HOME'], '/bin/a "$$HOME"'],
  [['/bin/a', 'say "hi"'], '/bin/a "say \\"hi\\""'],
  [['/bin/a', 'back\\slash'], '/bin/a "back\\\\slash"'],
  [['/bin/a', ';'], '/bin/a ";"'],
  [['/bin/a', ''], '/bin/a ""'],
] as const)('%j is %s in a unit', (argv, line) => expect(commandLine(argv)).toBe(line))

test.each(['plain', 'a b', '50%', '$HOME', 'say "hi"', 'back\\slash', '%%', ''])(
  'the variable %j is read back as written',
  (value) => {
    const line = `Environment=${environmentAssignment('X', value)}\n`
    expect(readEnvironment(`[Service]\n${line}`, 'X')).toBe(value)
    expect(readEnvironment(line, 'Y')).toBeUndefined()
  },
)

test.each(['a\nb', 'a\0b', '\u001b[31m'])('%j cannot be in a unit', (value) => {
  expect(() => commandLine(['/bin/a', value])).toThrow(expect.objectContaining({ code: 'SUPERVISOR_UNAVAILABLE' }))
  expect(() => gatewayUnit(servicePlan({ env: { PATH: value } }))).toThrow(
    expect.objectContaining({ code: 'SUPERVISOR_UNAVAILABLE' }),
  )
})

test('no odd path brings a line of its own or an unknown specifier', () => {
  const plan = oddPlan('/tmp')
  for (const text of [gatewayUnit(plan), keeperUnit(plan), socketUnit(plan)]) {
    for (const line of linesOf(text)) expect(line).toMatch(/^(#.*|\[\w+\]|[A-Z]\w+=.*|)$/)
    expect(text.replaceAll('%%', '').replaceAll('%i', '').replaceAll(/^#.*$/gm, '')).not.toContain('%')
  }
})
