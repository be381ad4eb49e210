import { expect, test } from 'vitest'

import { takeHandedSockets } from './handed-sockets.ts'
import type { SocketSource } from './handed-sockets.ts'

const UNIX = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01   41 /run/user/1/holdfast/gate way.sock
0000000000000000: 00000003 00000000 00000000 0001 03   42
0000000000000000: 00000002 00000000 00010000 0005 01   43 /run/packets.sock
`
const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1D09 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000 0 51 1 0 100 0 0 10 0
   1: 00000000:1D09 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000 0 52 1 0 100 0 0 10 0
   2: 0100007F:1D09 0100007F:8001 01 00000000:00000000 00:00000000 00000000  1000 0 53 1 0 100 0 0 10 0
`
const TCP6 = `  sl  local_address remote_address st
   0: 00000000000000000000000001000000:1D0A 00000000000000000000000000000000:0000 0A 0:0 00:0 0 1000 0 61 1 0
   1: B80D0120000000000000000001000000:1D0A 00000000000000000000000000000000:0000 0A 0:0 00:0 0 1000 0 62 1 0
`
const tables = { unix: UNIX, tcp: TCP, tcp6: TCP6 }

/** Descriptors from 3 on are these inodes. */
function take(inodes: readonly (number | string)[], more: Record<string, string> = {}) {
  const targets = inodes.map((inode) => (typeof inode === 'number' ? `socket:[${inode}]` : inode))
  const source: SocketSource = { pid: 7, target: (fd) => targets[fd - 3], table: (name) => tables[name] }
  return takeHandedSockets({ LISTEN_PID: '7', LISTEN_FDS: String(inodes.length), ...more }, source)
}

test('a unix socket and a loopback TCP socket are taken, in any order', () => {
  const unix = { fd: 3, path: '/run/user/1/holdfast/gate way.sock' }
  expect(take([41])).toEqual({ unix })
  expect(take([41, 51])).toEqual({ unix, tcp: { fd: 4, host: '127.0.0.1', port: 7433 } })
  expect(take([61, 41])).toEqual({ unix: { ...unix, fd: 4 }, tcp: { fd: 3, host: '::1', port: 7434 } })
})

test('what was handed to another process, and nothing at all, are not ours', () => {
  expect(take([41], { LISTEN_PID: '8' })).toBeUndefined()
  expect(take([])).toBeUndefined()
  expect(takeHandedSockets({})).toBeUndefined()
})

test.each<[string, (number | string)[], RegExp]>([
  ['a connection', [42], /socket 3 \(web\) does not listen for streams/],
  ['a TCP connection', [53], /does not listen for streams/],
  ['a socket of packets', [43], /does not listen for streams/],
  ['a file', ['/etc/passwd'], /socket 3 \(web\) is no socket/],
  ['a datagram socket, which no table has', [99], /neither a unix nor a TCP socket/],
  ['every address', [52], /listens on 0\.0\.0\.0; only loopback/],
  ['an address of the network', [62], /listens on 2001:0db8:.*; only loopback/],
  ['two of a kind', [41, 41], /socket 4 is the second unix socket/],
  ['three', [41, 51, 61], /3 sockets were handed over/],
])('%s is refused with its name', (_, inodes, message) => {
  expect(() => take(inodes, { LISTEN_FDNAMES: 'web' })).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) as string }),
  )
})

test('a number of sockets that is none is refused', () => {
  expect(() => take([41], { LISTEN_FDS: 'x' })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
})
