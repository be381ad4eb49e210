// A plan of a service for tests of its files; what is wrong with names (spaces, percent, quotes) is in `odd`.

import type { ServicePlan } from '../../src/supervise/units/service-plan.ts'

export function servicePlan(differences: Partial<ServicePlan> = {}): ServicePlan {
  return {
    scope: 'user',
    version: '1.2.3',
    gateway: ['/opt/node/bin/node', '/opt/holdfast/bin/holdfast.cjs', 'serve'],
    keeper: ['/opt/node/bin/node', '--max-old-space-size=256', '/opt/holdfast/dist/bin/keeper.js'],
    env: { PATH: '/opt/node/bin:/usr/bin:/bin' },
    environmentFile: '/home/u/.config/holdfast/service.env',
    runDir: '/run/user/1000/holdfast',
    stateDir: '/home/u/.local/state/holdfast',
    socket: '/run/user/1000/holdfast/gateway.sock',
    logFile: '/home/u/.local/state/holdfast/gateway.log',
    drainMs: 120_000,
    tcp: '127.0.0.1:7433',
    hasSocket: false,
    user: undefined,
    ...differences,
  }
}

/** Everything that a path on a disk may hold and a unit must not take for its own. `root` exists. */
export function oddPlan(root: string): ServicePlan {
  const home = `${root}/50% off "now" $HOME \\ end; <&>'x'`
  return servicePlan({
    gateway: [process.execPath, `${home}/holdfast.cjs`, 'serve', '--config', `${home}/a b.jsonc`],
    keeper: [process.execPath, `${home}/keeper.js`],
    env: { PATH: `${home}/bin:/usr/bin`, HOLDFAST_HOME: home },
    environmentFile: `${home}/service.env`,
    runDir: `${home}/run`,
    stateDir: `${home}/state`,
    socket: `${home}/run/gateway.sock`,
    logFile: `${home}/state/gateway.log`,
    hasSocket: true,
  })
}
