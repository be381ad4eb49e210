// The shape of the command line: what is usage, what is help, what reaches the gateway's starter.

import { afterAll, describe, expect, test } from 'vitest'

import { testCli } from '../../test/_support/test-cli.ts'
import { OPTIONS } from '../config/options.ts'
import type { Option } from '../config/option.ts'
import type { ServeOptions } from './deps.ts'

const cli = testCli()
afterAll(() => cli[Symbol.dispose]())

describe('usage', () => {
  test.each<[string[], string]>([
    [['promt'], 'unknown command'],
    [['sessions', 'sohw'], "unknown command 'sohw'"],
    [['rule', 'list', 'x', '--all'], 'too many arguments'],
    [['prompt', '--approve-all', '--deny-all', 'x'], 'cannot be used with'],
    [['prompt', '--approve-reads', '--approve-all', 'x'], 'cannot be used with'],
    [['prompt', '--timeout', '0', 'x'], 'is invalid'],
    [['prompt', '--timeout', 'soon', 'x'], 'is invalid'],
    [['prompt', '--non-interactive-permissions', 'allow', 'x'], 'is invalid'],
    [['prompt'], 'There is no prompt.'],
    [['prompt', '-f', 'no-such-file'], 'cannot be read'],
    [['run', '--bogus', 'x'], 'unknown option'],
    [['sessions', 'show'], 'missing required argument'],
    [['sessions', 'ls', '--limit', '0'], 'is invalid'],
    [['resume', 's', '--action', 'forget'], 'is invalid'],
    [['events', 's', '--after', '-1'], 'is invalid'],
    [['approve', 'p', 'o', '--deny'], 'not both'],
  ])(
    '%j is a usage error: exit 2, one line with the code, one line of help, nothing on stdout',
    async (args, message) => {
      const { code, out, err } = await cli.run(args)
      const [line = '', help = '', ...rest] = err.split('\n')
      expect({ code, out, rest }).toEqual({ code: 2, out: '', rest: [''] })
      expect(line).toMatch(/^holdfast: .* \(USAGE\)$/)
      expect(line).toContain(message)
      expect(help).not.toBe('')
    },
  )

  test.each([
    [['prompt', '--timeout', 'soon'], 'holdfast prompt'],
    [['--json', 'sessions', 'bogus'], 'holdfast sessions'],
    [['sessions', 'show'], 'holdfast sessions show'],
    [['promt'], 'holdfast'],
  ])('%j points at the help of %s', async (args, name) => {
    expect((await cli.run(args)).err).toContain(`See: ${name} --help\n`)
  })

  test('help of a command that there is not says so, below the help that there is', async () => {
    const { code, out, err } = await cli.run(['help', 'sohw'])
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(/holdfast: There is no such command\. \(USAGE\)\nSee: holdfast --help\n$/)
  })

  test('with --json the error is an object on stdout too', async () => {
    const { code, out } = await cli.run(['prompt', '--json'])
    expect(code).toBe(2)
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'USAGE', message: 'There is no prompt.' } })
  })
})

describe('help and version', () => {
  test.each([[[]], [['--help']], [['help', 'prompt']], [['sessions', '--help']]])(
    '%j is help: exit 0, on stdout',
    async (args) => {
      const { code, out, err } = await cli.run(args)
      expect({ code, err }).toEqual({ code: 0, err: '' })
      expect(out).toContain('Usage: holdfast')
    },
  )

  test('--version prints the version', async () => {
    expect(await cli.run(['--version'])).toEqual({ code: 0, out: '9.8.7\n', err: '' })
  })
})

describe('serve', () => {
  const recordServe = () => {
    const seen: ServeOptions[] = []
    const serve = async (options: ServeOptions): Promise<number> => {
      seen.push(options)
      return 75
    }
    return { seen, serve }
  }

  test('every flag of the option table is a flag of serve and is handed on by its name', async () => {
    const { seen, serve } = recordServe()
    const names = Object.values<Option>(OPTIONS).flatMap(({ flag }) => (flag === undefined ? [] : [flag]))
    const flags = Object.fromEntries([...names, 'config'].map((name) => [name, `value-of-${name}`]))
    const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value])
    const { code } = await cli.run(['serve', ...args], { deps: { serve } })
    expect(seen).toEqual([{ detached: false, successor: false, flags }])
    expect(code).toBe(75)
  })

  test('only what was given is handed on', async () => {
    const { seen, serve } = recordServe()
    await cli.run(['serve', '--detached', '--successor'], { deps: { serve } })
    expect(seen).toEqual([{ detached: true, successor: true, flags: {} }])
  })
})

describe('without a gateway', () => {
  test.each([[['status']], [['stop']], [['--no-start', 'prompt', 'hi']], [['--no-start', 'sessions', 'ls']]])(
    '%j says that none answers: exit 69, and starts none',
    async (args) => {
      const { code, err } = await cli.run(args)
      expect(code).toBe(69)
      expect(err).toMatch(
        /^holdfast: No gateway answers at .* \(GATEWAY_UNREACHABLE\)\nStart one with: holdfast serve\.\n$/,
      )
    },
  )

  test('doctor works, warns, and exits 0', async () => {
    const { code, out } = await cli.run(['doctor'])
    expect(code).toBe(0)
    expect(out).toMatch(/^ok +node /m)
    expect(out).toMatch(/^warn +gateway +not running/m)
  })

  test('doctor shows orphans and a broken database, and exits 1', async () => {
    const orphan = { pid: 77, agent: 'echo', session: 'ses_x', reason: 'its gateway is gone' }
    const deps = { findOrphans: async () => [orphan], verifyStore: async () => ['session 3: gap at 7'] }
    const { code, out } = await cli.run(['doctor', '--orphans', '--verify'], { deps })
    expect(code).toBe(1)
    expect(out).toMatch(/^fail +orphan 77 +echo of ses_x/m)
    expect(out).toMatch(/^fail +database +session 3: gap at 7/m)
  })

  describe('doctor --kill', () => {
    const orphan = { pid: 77, agent: 'echo', session: 'ses_x', reason: 'its gateway is gone' }
    const tty = { stdin: true, stdout: true, stderr: true }

    test.each([
      ['y', [[], [orphan]], 0],
      ['n', [[]], 1],
      ['', [[]], 1],
    ] as const)('asks, and the answer "%s" decides', async (answer, calls, code) => {
      const ended: unknown[] = []
      const endOrphans = async (shown: unknown) => (ended.push(shown), { ended: 3, survivors: [] })
      const { terminal, done } = cli.start(['doctor', '--kill'], {
        tty,
        deps: { findOrphans: async () => [orphan], endOrphans },
      })
      await expect.poll(() => terminal.err()).toContain('[y/N]')
      terminal.stdin.write(`${answer}\n`)
      expect(await done).toBe(code)
      expect(ended).toEqual(calls)
    })

    test('without a terminal and without --yes it is a mistake in how it was typed', async () => {
      const { code, err } = await cli.run(['doctor', '--kill'])
      expect(code).toBe(2)
      expect(err).toContain('--yes')
    })

    test('what could not be ended is named, and the exit code is 1', async () => {
      const endOrphans = async () => ({ ended: 3, survivors: [77] })
      const deps = { findOrphans: async () => [orphan], endOrphans }
      const { code, out } = await cli.run(['doctor', '--kill', '--yes'], { deps })
      expect(code).toBe(1)
      expect(out).toMatch(/^fail +orphan 77 +cannot be ended/m)
    })
  })
})
