// holdfast-keeper@.service: the keeper as a unit of its own, so that what happens to the gateway's unit does not reach the agents.
// The gateway starts an instance by its number; its orders are in a file that only the keeper and the gateway can read.

import { headOf, UNIT_NAMES, type ServicePlan } from './service-plan.ts'
import { barePath, commandLine, environmentAssignment, unitText, type UnitLine } from './unit-text.ts'

/** The agents of a keeper are stopped in parallel; the ladder and the sweep of the slowest are bounded. */
const STOP_SECONDS = 60

/** Stands for the number of the instance until the line is quoted. */
const NUMBER = '\uE000'

export function keeperUnit(plan: ServicePlan): string {
  const { keeper, env, runDir, stateDir, user } = plan
  const log = `append:${barePath(stateDir)}/keeper.log`
  const service: UnitLine[] = [
    ['Type', 'exec'],
    ['ExecStart', commandLine([...keeper, '--orders', `${runDir}/k${NUMBER}.orders`]).replace(NUMBER, '%i')],
    ...(user === undefined ? [] : [['User', user] as const]),
    // Its agents have their environment from the gateway; nothing else of it is for the keeper.
    ['Environment', environmentAssignment('PATH', env['PATH'] ?? '')],
    ['StandardError', log],
    ['Restart', 'no'],
    ['KillMode', 'mixed'],
    ['TimeoutStopSec', STOP_SECONDS],
    // Agents may have control groups of their own, made by us.
    ['Delegate', 'yes'],
    ['OOMPolicy', 'continue'],
    ['UMask', '0077'],
    ['LimitNOFILE', 65_536],
  ]
  return unitText(headOf(plan), [
    {
      title: 'Unit',
      lines: [
        ['Description', 'Holdfast keeper %i (holds the agents)'],
        // At the end of the session or of the machine the gateway drains first, then its agents end.
        ['Before', UNIT_NAMES.gateway],
        ['CollectMode', 'inactive-or-failed'],
      ],
    },
    { title: 'Service', lines: service },
  ])
}
