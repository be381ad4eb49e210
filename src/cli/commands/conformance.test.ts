// What `holdfast conformance` says and asks before it does anything. Reports on real agents: test/integration/conformance.test.ts.

import { expect, test } from 'vitest'

import { testCli } from '../../../test/_support/test-cli.ts'
import type { ConformancePort, FindingView } from '../conformance-port.ts'

const FINDINGS: readonly FindingView[] = [
  {
    about: 'initialize',
    verdict: 'yes',
    detail: 'protocol version 1, An agent with a rather long name 1.2.3',
    ms: 1234,
  },
  { about: 'permission, allowed', verdict: 'failed', detail: `allow_once: ${'x'.repeat(90)}\u001b[2J`, ms: 20 },
  { about: 'leaves nothing behind', verdict: 'untested', detail: 'it did not end by itself', ms: undefined },
]

function port(): { port: ConformancePort; runs: () => number; isDisposed: () => boolean } {
  let runs = 0
  let isDisposed = false
  const opened: ConformancePort = {
    argv: ['an-agent', '--acp'],
    cwd: '/tmp/empty',
    prompts: ['Say something.', 'Create a file.'],
    run: async (_signal, onFinding) => {
      runs += 1
      for (const finding of FINDINGS) onFinding(finding)
      return { agent: undefined, protocolVersion: 1, conforms: false }
    },
    [Symbol.asyncDispose]: async () => void (isDisposed = true),
  }
  return { port: opened, runs: () => runs, isDisposed: () => isDisposed }
}

test('prompts are shown, and nothing is started, before a person says yes', async () => {
  using cli = testCli()
  for (const { typed, runs, code } of [
    { typed: 'n\n', runs: 0, code: 130 },
    { typed: '\n', runs: 0, code: 130 },
    { typed: 'y\n', runs: 1, code: 1 },
  ]) {
    const fake = port()
    const deps = { openConformance: async () => fake.port }
    const run = cli.start(['conformance', '--agent', 'an-agent --acp'], { tty: { stdin: true }, deps })
    run.terminal.stdin.write(typed)
    expect(await run.done, typed).toBe(code)
    expect(run.terminal.err()).toContain('  - Say something.\n  - Create a file.\n')
    expect(fake.runs(), typed).toBe(runs)
    expect(fake.isDisposed()).toBe(true)
  }
})

test('without a terminal nothing is opened unless --yes says so', async () => {
  using cli = testCli()
  const { code, err } = await cli.run(['conformance', '--agent', 'an-agent'])
  expect(code).toBe(2)
  expect(err).toContain('--yes')
})

test('a report is no wider than 80 characters, and what an agent says cannot move the cursor', async () => {
  using cli = testCli()
  const { out, err } = await cli.run(['conformance', '--yes', '--agent', 'an-agent'], {
    deps: { openConformance: async () => port().port },
  })
  for (const line of `${out}${err}`.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
  expect(out).not.toContain('\u001b')
  expect(out).toContain('FAILED    permission, allowed      0.0 s  allow_once:\n')
})
