// The owner of an address is found by its socket, for TCP and for unix sockets.

import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo, ListenOptions, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { findPortOwner } from './port-owner.ts'

async function listening(where: ListenOptions): Promise<Server> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(where, resolve))
  return server
}

test.runIf(process.platform === 'linux')(
  'a TCP port and a unix socket with a space in its path name their process',
  async () => {
    const place = mkdtempSync(join(tmpdir(), 'holdfast port '))
    const path = join(place, 'a socket')
    const servers = [await listening({ host: '127.0.0.1', port: 0 }), await listening({ path })]
    const { port } = servers[0]!.address() as AddressInfo
    expect(findPortOwner({ port })).toMatchObject({ pid: process.pid, program: expect.stringMatching(/./) })
    expect(findPortOwner({ path })?.pid).toBe(process.pid)
    for (const server of servers) server.close()
    rmSync(place, { recursive: true, force: true })
  },
)

test('an address at which nobody listens has no owner', () => {
  expect(findPortOwner({ port: 1 })).toBeUndefined()
  expect(findPortOwner({ path: '/no/such/socket' })).toBeUndefined()
})
