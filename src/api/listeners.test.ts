// What a start says when it cannot listen: what the user can correct is never called a defect.

import { EventEmitter } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { listenOnSocket, listenOnTcp } from './listeners.ts'

/** A server whose kernel refuses with `code`. */
function refusing(code: string): Server {
  const server = new EventEmitter()
  const listen = (): void => queueMicrotask(() => server.emit('error', Object.assign(new Error(code), { code })))
  return Object.assign(server, { listen }) as unknown as Server
}

test.each(['EACCES', 'EROFS'])('a run directory that cannot be written to is named: %s', async (code) => {
  const dir = mkdtempSync(join(tmpdir(), 'hf-listen-')) // 0700
  using _gone = { [Symbol.dispose]: () => rmSync(dir, { recursive: true }) }
  const refused = listenOnSocket(refusing(code), join(dir, 'gateway.sock'))
  const details = { path: dir, reason: `it cannot be written to (${code})` }
  await expect(refused).rejects.toMatchObject({ code: 'STATE_DIR_UNSAFE', details })
})

const TCP = { host: '::1', port: 80, isPortExplicit: true, portFile: undefined, fd: undefined } as const

test.each(['EACCES', 'EADDRNOTAVAIL'])(
  'an address that we cannot have is a mistake in the configuration: %s',
  async (code) => {
    const details = { reason: `::1:80 cannot be listened on (${code})`, file: 'http.host or http.port' }
    await expect(listenOnTcp(refusing(code), TCP)).rejects.toMatchObject({ code: 'CONFIG_INVALID', details })
  },
)

test('what nobody foresaw stays what it is', async () => {
  await expect(listenOnTcp(refusing('EMFILE'), TCP)).rejects.toMatchObject({ message: 'EMFILE' })
})
