// The way to a gateway that restarts: it is waited for, and no other one is started in its place.

import { ensurePrivateDirectory } from '../base/private-directory.ts'
import { pathsOf } from '../config/paths.ts'
import { clearRestartMark, markRestart } from '../config/restart-mark.ts'
import { expect, test } from 'vitest'

import { TestCliGateway } from '../../test/_support/test-cli-gateway.ts'
import { until } from '../../test/_support/until.ts'

test('a command that comes while the gateway restarts waits for it and starts no other one', async () => {
  await using gateway = await TestCliGateway.start({}, false)
  const { runDir } = pathsOf({ HOLDFAST_HOME: gateway.cli.home })
  ensurePrivateDirectory(runDir)
  markRestart(runDir, Date.now())
  const { terminal, done } = gateway.cli.start(['sessions', 'ls'])
  await until(() => terminal.err().includes('the gateway restarts; waiting for it'), { ms: 5_000, what: terminal.err })
  await gateway.listen()
  expect(await done).toBe(0)
})

test('a restart that nobody answers to is given up: the command says that no gateway answers', async () => {
  await using gateway = await TestCliGateway.start({}, false)
  const { runDir } = pathsOf({ HOLDFAST_HOME: gateway.cli.home })
  ensurePrivateDirectory(runDir)
  markRestart(runDir, Date.now())
  const { terminal, done } = gateway.cli.start(['status'])
  await until(() => terminal.err().includes('waiting for it'), { ms: 5_000, what: terminal.err })
  clearRestartMark(runDir)
  expect(await done).toBe(69)
})
