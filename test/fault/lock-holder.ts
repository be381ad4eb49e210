// Child of instance-lock.test.ts: takes the lock, says so, and holds it until it is killed.

import { acquireInstanceLock } from '../../src/store/instance-lock.ts'

const owner = { pid: process.pid, start: '1', boot: 'boot', version: '0.0.0', since: Date.now() }
const lock = await acquireInstanceLock(process.argv[2]!, owner, { waitMs: 0 })
// Keeps the process alive, and with it the lock.
process.stdin.on('end', () => lock[Symbol.dispose]())
process.stdin.resume()
console.log('held')
