import { expect, test } from 'vitest'

import { cgroupPlaceOf } from './cgroup-place.ts'

const V2 = '32 28 0:27 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n'
const V1 = '33 28 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n'

test.each<[string, string, string, string]>([
  ['a unit of systemd', '0::/system.slice/holdfast.service', V2, '/sys/fs/cgroup/system.slice/holdfast.service'],
  ['the leaf that DelegateSubgroup makes', '0::/a.service/gateway', V2, '/sys/fs/cgroup/a.service'],
  ['a namespace of its own', '0::/', V2, '/sys/fs/cgroup'],
  ['v2 beside v1', '8:pids:/x\n0::/', `${V1}${V2.replace('cgroup ', 'cgroup/unified ')}`, '/sys/fs/cgroup/unified'],
  ['a mount of a part', '0::/pod/box', V2.replace(' / ', ' /pod '), '/sys/fs/cgroup/box'],
  [
    'a mount with a blank and propagation',
    '0::/x',
    V2.replace('/sys/fs', '/a\\040b').replace(' - ', ' shared:4 - '),
    '/a b/cgroup/x',
  ],
  [
    'read-only and writable mounts',
    '0::/x',
    `${V2.replace('rw,', 'ro,')}${V2.replace('/sys/fs', '/rw')}`,
    '/rw/cgroup/x',
  ],
])('the group is found: %s', (_, cgroup, mounts, directory) => {
  expect(cgroupPlaceOf(`${cgroup}\n`, mounts)).toEqual({ found: true, directory })
})

test.each<[string, string, string, string]>([
  ['v1 only', '8:pids:/x', V1, 'v1 only'],
  ['not mounted', '0::/x', V1, 'not mounted'],
  ['a read-only mount', '0::/x', V2.replace('rw,', 'ro,'), 'read-only at /sys/fs/cgroup'],
  ['another part is mounted', '0::/x', V2.replace(' / ', ' /pod '), '/x is not below /sys/fs/cgroup'],
  ['outside of the own namespace', '0::/../x', V2, 'is not below'],
])('the reason is said: %s', (_, cgroup, mounts, reason) => {
  expect(cgroupPlaceOf(`${cgroup}\n`, mounts)).toEqual({ found: false, reason: expect.stringContaining(reason) })
})
