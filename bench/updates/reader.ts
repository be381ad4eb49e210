// `node reader.ts <client>`: one client in a process of its own. Told how many updates come, it answers with the CPU time that they took.

import { CLIENTS } from './clients.ts'
import type { ClientName } from './clients.ts'

/** An update more than was announced makes the next answer wrong. */
export interface ReadUpdates {
  readonly updates: number
  readonly cpuUs: number
}

let expected = 0
let updates = 0
let from = process.cpuUsage()

process.on('message', (count: number) => {
  expected = count
  from = process.cpuUsage()
  process.send?.('ready')
})
process.on('disconnect', () => process.exit())

CLIENTS[process.argv[2] as ClientName](process.stdin, () => {
  if (++updates !== expected) return
  // What is still to be done for these updates counts, too.
  setImmediate(() => {
    const { user, system } = process.cpuUsage(from)
    process.send?.({ updates, cpuUs: user + system } satisfies ReadUpdates)
    updates = 0
  })
})
