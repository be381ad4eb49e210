// Which way a restart goes, for every kind of process that a gateway can be.

import { expect, test } from 'vitest'

import { chooseWay } from './way.ts'
import type { Circumstances } from './way.ts'

const DETACHED: Circumstances = {
  wanted: 'auto',
  supervisor: { kind: 'none' },
  pid: 4711,
  hasTerminal: false,
  isDetached: true,
}

test.each([
  ['started by the command line', {}, 'successor'],
  ['of our own systemd unit', { supervisor: { kind: 'systemd', isOurs: true }, isDetached: false }, 'supervised'],
  ['of our own launchd job', { supervisor: { kind: 'launchd', isOurs: true }, isDetached: false }, 'supervised'],
  // Whether another unit starts it again after an exit with 86 is not known.
  [
    'of a unit that we did not write',
    { supervisor: { kind: 'systemd', isOurs: false }, isDetached: false },
    'in-process',
  ],
  ['pid 1 of a container', { pid: 1, isDetached: false }, 'in-process'],
  ['in a terminal', { hasTerminal: true, isDetached: false }, 'in-process'],
  ['in the foreground of a script', { isDetached: false }, 'in-process'],
  ['told to have a successor', { wanted: 'successor', hasTerminal: true, isDetached: false }, 'successor'],
  ['told to be restarted by another', { wanted: 'supervised' }, 'supervised'],
] as const)('a gateway %s: %j restarts %s', (_, circumstances, way) => {
  expect(chooseWay({ ...DETACHED, ...circumstances })).toMatchObject({ way, because: expect.stringMatching(/./) })
})
