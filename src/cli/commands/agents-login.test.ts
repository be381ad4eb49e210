// What `holdfast agents login` asks and says. Logins with real processes: test/integration/agent-login.test.ts.

import { expect, test } from 'vitest'

import { testCli } from '../../../test/_support/test-cli.ts'
import type { CliRunOptions } from '../../../test/_support/test-cli.ts'
import type { LoginMethodView, LoginPort } from '../login-port.ts'

const BROWSER: LoginMethodView = {
  id: 'browser',
  name: 'With a \u001b[2Jbrowser',
  description: 'opens it',
  kind: 'agent',
}
const TTY: LoginMethodView = { id: 'tty', name: 'In a terminal', description: undefined, kind: 'terminal' }
const KEY: LoginMethodView = {
  id: 'key',
  name: 'Key',
  description: undefined,
  kind: 'unsupported',
  variables: ['PI_KEY'],
}

interface Fake {
  readonly used: string[]
  readonly options: CliRunOptions
  isDisposed: boolean
}

/** `works`: what the proof finds, time after time. */
function fake(methods: readonly LoginMethodView[], works = true): Fake {
  const port: LoginPort = {
    agent: 'pi',
    help: 'set PI_KEY',
    look: () => Promise.resolve({ methods, canLogOut: true }),
    logIn: async ({ id }) => void made.used.push(id),
    logOut: async () => void made.used.push('out'),
    prove: () => Promise.resolve(works),
    [Symbol.asyncDispose]: async () => void (made.isDisposed = true),
  }
  const made: Fake = { used: [], isDisposed: false, options: { deps: { openLogin: async () => port } } }
  return made
}

test('a person chooses among several by number; what the agent calls them cannot draw', async () => {
  using cli = testCli()
  const made = fake([BROWSER, TTY, KEY])
  const run = cli.start(['agents', 'login', 'pi'], { ...made.options, tty: { stdin: true } })
  run.terminal.stdin.write('2\n')
  expect([await run.done, made.used, made.isDisposed]).toEqual([0, ['tty'], true])
  expect(run.terminal.err()).toContain('  1  With a ␛[2Jbrowser  opens it\n  2  In a terminal\nwhich one? [1-2] ')
  expect(run.terminal.err()).toContain('Key: set PI_KEY where the gateway is started\n')
  expect(run.terminal.out()).toBe('logged in: pi opens sessions\n')
})

test.each([
  ['\n', 130],
  ['7\n', 2],
  ['x\n', 2],
])('an answer that is none of them (%j) logs nobody in', async (typed, code) => {
  using cli = testCli()
  const made = fake([BROWSER, TTY])
  const run = cli.start(['agents', 'login', 'pi'], { ...made.options, tty: { stdin: true } })
  run.terminal.stdin.write(typed)
  expect([await run.done, made.used, made.isDisposed]).toEqual([code, [], true])
})

test('the only way is taken without a question', async () => {
  using cli = testCli()
  const made = fake([BROWSER, KEY])
  const { code } = await cli.run(['agents', 'login', 'pi'], made.options)
  expect([code, made.used]).toEqual([0, ['browser']])
})

test('an agent that tells of none: it is tried; what is known of its login is said when it wants one', async () => {
  using cli = testCli()
  const works = await cli.run(['agents', 'login', 'pi'], fake([]).options)
  expect([works.code, works.out]).toEqual([0, 'pi opens sessions; no login is needed\n'])
  const locked = await cli.run(['agents', 'login', 'pi'], fake([], false).options)
  expect([locked.code, locked.err]).toEqual([77, expect.stringContaining('no way that can be run here; set PI_KEY')])
})

test('a login after which the agent still wants one is none', async () => {
  using cli = testCli()
  const made = fake([BROWSER], false)
  const { code, out, err } = await cli.run(['agents', 'login', 'pi'], made.options)
  expect([code, out, err]).toEqual([77, '', expect.stringContaining('after the login it still wants one')])
})
