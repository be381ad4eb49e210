// A successor that hangs, as a real process: what becomes of it, by whether it has the lock.

import { expect, test } from 'vitest'

import { killPid } from '../../test/_support/kill.ts'
import type { Successor } from './successor.ts'
import { startSuccessor } from './successor.ts'

const HANGS = {
  argv: ['/bin/sh', '-c', 'echo standing by; exec sleep 60'],
  env: { PATH: '/usr/bin:/bin' },
  cwd: '/',
  outputFile: undefined,
} as const

async function hanging(hasLock: boolean): Promise<Successor> {
  const start = await startSuccessor(HANGS, { hasLock: () => hasLock, readyMs: 30 })
  if (start.kind !== 'standing by') throw new Error(`it is ${start.kind}`)
  return start.successor
}

test('a successor that hangs before it has the lock is killed and counts as ended: who waits for it can go on (G7)', async () => {
  const successor = await hanging(false)
  expect(await successor.takeOver()).toEqual({ ended: expect.stringContaining('did not take the lock') })
  expect(() => process.kill(successor.pid, 0)).toThrow('ESRCH')
})

test('a successor that is slow and has the lock is left alone', async () => {
  const successor = await hanging(true)
  expect(await successor.takeOver()).toBe('slow')
  expect(killPid(successor.pid, 'SIGKILL')).toBe(true)
})
