// `holdfast conformance` on real processes: an agent that does all it says, agents that do not, and what is left of each.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { startFakeLlm } from '../_support/fake-llm/server.ts'
import type { FakeLlm } from '../_support/fake-llm/server.ts'
import { LAUNCHER } from '../_support/launcher.ts'
import { killPid } from '../_support/kill.ts'
import { TestGateway } from '../_support/test-gateway.ts'
import { until } from '../_support/until.ts'

const SCRIPTED = new URL('../agents/scripted-agent.mjs', import.meta.url).pathname

interface Found {
  readonly about: string
  readonly verdict: string
  readonly detail: string
}

describe('holdfast conformance', () => {
  let home: TestGateway
  let llm: FakeLlm

  beforeAll(async () => {
    home = await TestGateway.prepare()
    llm = await startFakeLlm()
  })

  /** Everything that a report started is gone: disposing the home fails when it is not. */
  afterAll(async () => {
    await llm[Symbol.asyncDispose]()
    await home[Symbol.asyncDispose]()
  })

  const scripted = (...flags: string[]): string => [`'${process.execPath}'`, `"${SCRIPTED}"`, ...flags].join(' ')

  async function report(agent: string, ...more: string[]) {
    const { code, stdout } = await home.run('--json', 'conformance', '--yes', '--agent', agent, ...more)
    const records = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Found & { conforms?: boolean })
    const found = Object.fromEntries(records.map((each) => [each.about, each]))
    const verdicts = Object.fromEntries(records.slice(0, -1).map(({ about, verdict }) => [about, verdict]))
    return { code, found, verdicts, last: records.at(-1) }
  }

  test('says yes to all that the built-in agent advertises, and ends with 0', async () => {
    const agent = `${process.execPath} ${LAUNCHER} agent`
    const { code, verdicts, last } = await report(agent, '--model-url', llm.url)
    expect(Object.entries(verdicts).filter(([, verdict]) => verdict !== 'yes')).toEqual([])
    expect(Object.keys(verdicts)).toHaveLength(19)
    expect(last).toMatchObject({ protocol_version: 1, conforms: true })
    expect(code).toBe(0)
  })

  test('says what an agent does wrong and what it leaves, and ends with 1', async () => {
    const { code, found, verdicts } = await report(scripted('--eof=daemon', '--banner', '--load=error', '--resume'))
    expect(verdicts).toMatchObject({
      initialize: 'yes',
      prompt: 'yes',
      'permission, allowed': 'untested',
      cancel: 'untested',
      list: 'no',
      load: 'failed',
      resume: 'failed',
      'only ACP on stdout': 'no',
      'leaves nothing behind': 'no',
      'ends on SIGTERM': 'yes',
    })
    expect(found['load']?.detail).toBe('error -32603: session/load failed on purpose')
    expect(found['only ACP on stdout']?.detail).toContain('2 other lines, the first: Welcome')
    expect(found['leaves nothing behind']?.detail).toContain('1 process: ')
    expect(code).toBe(1)
  })

  test('a fork that knows nothing of what was said, and a session that is deleted and still listed, are failures', async () => {
    const { found } = await report(scripted('--fork', '--list', '--delete=keeps', `--state=${home.home}/kept`))
    expect(found['fork']).toMatchObject({ verdict: 'failed' })
    expect(found['delete']).toMatchObject({ verdict: 'failed', detail: 'it is still on its list' })
  })

  test('an agent that ends in its handshake is one failure with its last words; the rest is untested', async () => {
    const { code, found, verdicts } = await report(scripted('--init=crash'))
    expect(found['initialize']).toMatchObject({
      verdict: 'failed',
      detail: 'it exited with code 1: scripted-agent: fatal: no provider configured',
    })
    expect(Object.values(verdicts).filter((verdict) => verdict === 'failed')).toHaveLength(1)
    expect(code).toBe(1)
  })

  test('a step that never ends is a failure after its bound', async () => {
    const { found } = await report(scripted('--new=hang'), '--timeout', '0.5')
    expect(found['new session']).toMatchObject({ verdict: 'failed', detail: 'no answer within 0.5 s' })
  })

  test('a command that is not there is said so, and nothing else', async () => {
    const { code, stdout, stderr } = await home.run('conformance', '--yes', '--agent', 'no-such-agent --acp')
    expect(code).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toContain('no-such-agent')
  })

  test('an agent that Holdfast knows is looked at by its name, also when the configuration does not name it', async () => {
    const { code, stderr } = await home.run('conformance', '--yes', '--agent', 'claude')
    expect(code).toBe(1)
    expect(stderr).toContain('The command of agent claude was not found: claude-agent-acp. (AGENT_COMMAND_MISSING)\n')
    expect(stderr).toContain('run: holdfast agents install claude.')
  })

  test('an agent does not outlive a report that is killed', async () => {
    const agent = scripted('--init=hang', '--eof=ignore', '--term=ignore')
    const argv = [LAUNCHER, 'conformance', '--yes', '--agent', agent]
    // Its directory goes with the home: nobody is left to remove it.
    const child = home.spawnProgram(process.execPath, argv, { TMPDIR: home.home })
    const running = (): number[] =>
      home
        .leaks()
        .flatMap(({ pid, command }) => (/--init=hang/.test(command) && !/conformance/.test(command) ? [pid] : []))
    await until(() => running().length > 0, { ms: 10_000, what: () => 'the agent runs' })
    if (child.pid !== undefined) killPid(child.pid, 'SIGKILL')
    const all = (): string => JSON.stringify(home.leaks())
    await until(() => home.leaks().length === 0, { ms: 10_000, what: () => `nothing runs: ${all()}` })
    expect(running()).toEqual([])
  })
})
