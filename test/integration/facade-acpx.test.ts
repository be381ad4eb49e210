// acpx, an ACP client that is not ours and not of the SDK that we test with, in front of `holdfast acp`.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { LAUNCHER } from '../_support/launcher.ts'
import { TestGateway } from '../_support/test-gateway.ts'

/** Installed by `npm ci` in bench/. */
const ACPX = join(import.meta.dirname, '../../bench/node_modules/acpx/dist/cli.js')

async function acpx(gateway: TestGateway, ...args: string[]): Promise<{ code: number; out: string }> {
  const agent = `${process.execPath} ${LAUNCHER} acp --agent scripted`
  const argv = [ACPX, '--cwd', gateway.workspace, '--agent', agent, ...args]
  const env = { ...process.env, HOME: gateway.home, HOLDFAST_HOME: gateway.home }
  const child = spawn(process.execPath, argv, { cwd: gateway.workspace, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (out += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number]
  return { code, out }
}

describe.skipIf(!existsSync(ACPX))('acpx (npm ci in bench/ installs it)', { timeout: 60_000 }, () => {
  test('runs a prompt with a permission request, allowed and denied', async () => {
    await using gateway = await TestGateway.start()
    const allowed = await acpx(gateway, '--approve-all', '--format', 'quiet', 'exec', '@say hello @perm')
    expect([allowed.code, allowed.out.trim()]).toEqual([0, 'hellopermission: yes'])
    const denied = await acpx(gateway, '--deny-all', '--format', 'json', 'exec', '@perm')
    expect(denied.out).toContain('permission: no')
    const { sessions } = await gateway.client.listSessions({})
    expect(sessions.map(({ agent, state }) => `${agent} ${state}`)).toEqual(['scripted open', 'scripted open'])
  })
})
