// The instance lock between processes: held while its holder is stopped, free the moment it is killed.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { acquireInstanceLock } from '../../src/store/instance-lock.ts'

const HOLDER = fileURLToPath(new URL('./lock-holder.ts', import.meta.url))
const OWNER = { pid: process.pid, start: '1', boot: 'boot', version: '0.0.0', since: 0 }

test('the lock of another process is kept while it is stopped, names it, and is free after kill -9', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-lock-'))
  const file = join(directory, 'instance.lock')
  const child = spawn(process.execPath, [HOLDER, file], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  try {
    await once(child.stdout, 'data')
    child.kill('SIGSTOP')
    const second = acquireInstanceLock(file, OWNER, { waitMs: 200 })
    await expect(second).rejects.toMatchObject({ code: 'INSTANCE_LOCKED', details: { pid: child.pid } })
    const waiting = acquireInstanceLock(file, OWNER, { waitMs: 5_000 })
    child.kill('SIGKILL')
    await exited
    using _lock = await waiting
  } finally {
    child.kill('SIGKILL')
    await exited
    rmSync(directory, { recursive: true })
  }
})
