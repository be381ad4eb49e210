// holdfast.service and holdfast.socket. Why each line stands there is in docs/service.md.

import { KEEPER_UNIT_VARIABLE, STOP_BUDGET_VARIABLE, SUPERVISOR_VARIABLE } from '../detect-supervisor.ts'
import { headOf, UNIT_NAMES, type ServicePlan } from './service-plan.ts'
import { barePath, commandLine, environmentAssignment, unitText, type UnitLine } from './unit-text.ts'

/** Kept for stop ladder, sweep and checkpoint, after the drain. */
const STOP_MARGIN_MS = 30_000
const RESTART = 86
const LOCK_HELD = 75
const CONFIGURATION = 78

/** Milliseconds from systemd's stop signal to its SIGKILL. */
export function stopBudgetOf({ drainMs }: Pick<ServicePlan, 'drainMs'>): number {
  return Math.ceil((drainMs + STOP_MARGIN_MS) / 1_000) * 1_000
}

export function gatewayUnit(plan: ServicePlan): string {
  const { scope, hasSocket } = plan
  const needs: UnitLine[] = hasSocket
    ? [
        ['Requires', UNIT_NAMES.socket],
        ['After', UNIT_NAMES.socket],
      ]
    : []
  const wantedBy = scope === 'user' ? 'default.target' : 'multi-user.target'
  return unitText(headOf(plan), [
    {
      title: 'Unit',
      lines: [
        ['Description', 'Holdfast gateway (coding agents as durable sessions)'],
        ...(scope === 'system' ? [['After', 'network.target'] as const] : []),
        ...needs,
        ['StartLimitIntervalSec', 60],
        ['StartLimitBurst', 5],
      ],
    },
    { title: 'Service', lines: [...programOf(plan), ...restartsOf(plan), ...limitsOf(plan)] },
    { title: 'Install', lines: [['WantedBy', wantedBy], ...(hasSocket ? [['Also', UNIT_NAMES.socket] as const] : [])] },
  ])
}

/** One unix socket and, with HTTP, one TCP socket: the gateway tells them apart by their kind. */
export function socketUnit(plan: ServicePlan): string {
  const { socket, tcp, user } = plan
  return unitText(headOf(plan), [
    { title: 'Unit', lines: [['Description', 'Holdfast gateway sockets']] },
    {
      title: 'Socket',
      lines: [
        ['ListenStream', barePath(socket)],
        ...(tcp === undefined ? [] : [['ListenStream', tcp] as const]),
        ...(user === undefined ? [] : [['SocketUser', user] as const]),
        ['SocketMode', '0600'],
        ['DirectoryMode', '0700'],
        ['Backlog', 511],
        ['RemoveOnStop', 'yes'],
      ],
    },
    { title: 'Install', lines: [['WantedBy', 'sockets.target']] },
  ])
}

function programOf(plan: ServicePlan): UnitLine[] {
  const { gateway, scope, user } = plan
  const supervisor = `systemd:${UNIT_NAMES.gateway}:${scope}`
  return [
    ['Type', 'notify'],
    // The messages come from systemd-notify, which is not the main process.
    ['NotifyAccess', 'all'],
    ['ExecStart', commandLine(gateway)],
    ['ExecReload', '/bin/kill -HUP $MAINPID'],
    ...(user === undefined ? [] : [['User', user] as const]),
    ...environmentOf(plan),
    ['Environment', environmentAssignment(SUPERVISOR_VARIABLE, supervisor)],
    ...(mayStartUnits(plan) ? [['Environment', `${KEEPER_UNIT_VARIABLE}=holdfast-keeper`] as const] : []),
  ]
}

/** A service of the system that does not run as root may not start units: its keeper stays below it. */
function mayStartUnits({ scope, user }: ServicePlan): boolean {
  return scope === 'user' || user === undefined || user === 'root'
}

/** Where everything is, and what the user adds. */
function environmentOf({ env, environmentFile }: ServicePlan): UnitLine[] {
  const assignments = Object.entries(env).map(([name, value]) => {
    return ['Environment', environmentAssignment(name, value)] as const
  })
  return [...assignments, ['EnvironmentFile', `-${barePath(environmentFile)}`]]
}

function restartsOf(plan: ServicePlan): UnitLine[] {
  const budgetMs = stopBudgetOf(plan)
  return [
    ['Restart', 'on-failure'],
    ['RestartSec', 2],
    ['RestartForceExitStatus', RESTART],
    ['SuccessExitStatus', RESTART],
    ['RestartPreventExitStatus', `${LOCK_HELD} ${CONFIGURATION}`],
    // A restart by systemd is ours too: the agents stay with their keeper.
    ['RestartKillSignal', 'SIGUSR1'],
    ['Environment', 'HOLDFAST_RESTART_ON_SIGNAL=true'],
    ['TimeoutStartSec', 300],
    ['TimeoutStopSec', `${budgetMs}ms`],
    ['Environment', environmentAssignment(STOP_BUDGET_VARIABLE, String(budgetMs))],
    ['WatchdogSec', 60],
  ]
}

/** The first signal is for the gateway alone: agents that got it too would leave nothing to drain. */
function limitsOf({ scope, stateDir }: ServicePlan): UnitLine[] {
  return [
    ['KillMode', 'mixed'],
    ['OOMPolicy', 'continue'],
    ['UMask', '0077'],
    ['LimitNOFILE', 65_536],
    ...(scope === 'system' && stateDir.startsWith('/var/lib/holdfast/')
      ? [['StateDirectory', 'holdfast'] as const, ['StateDirectoryMode', '0700'] as const]
      : []),
  ]
}
