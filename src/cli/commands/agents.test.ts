// The commands about agents: what they print on 80 columns, what they ask for, and what doctor says.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { FAKE_AGENT, TestCliGateway } from '../../../test/_support/test-cli-gateway.ts'
import type { AgentPresence } from '../../api/ports.ts'
import { HoldfastError } from '../../base/errors.ts'
import type { AgentsPort, InstallRequest } from '../agents-port.ts'

let gateway: TestCliGateway
beforeEach(async () => {
  gateway = await TestCliGateway.start()
})
afterEach(() => gateway[Symbol.asyncDispose]())

const presence = (more: Partial<AgentPresence>): AgentPresence => ({
  installed: 'no',
  version: undefined,
  login: 'unknown',
  loginHelp: 'run: it login',
  homepage: undefined,
  ...more,
})

function known(): void {
  const builtIn = (name: string, title: string) => ({ name, title, argv: [name] as const, source: 'built-in' as const })
  gateway.agents = [
    FAKE_AGENT,
    builtIn('absent', 'An agent with a title that is much too long'),
    builtIn('here', 'Here'),
    { ...builtIn('done', 'Done'), source: 'installed' },
  ]
  gateway.presence = new Map([
    ['absent', presence({})],
    ['here', presence({ installed: 'yes', version: '1.2.3-some.long.prerelease.5', login: 'no' })],
    ['done', presence({ installed: 'yes', version: '2.0.0', login: 'yes' })],
  ])
}

test('ls shows what can be used first, fits 80 columns, and says how to log in to what is installed', async () => {
  known()
  const { out, err } = await gateway.cli.run(['agents'])
  const lines = out.trimEnd().split('\n')
  expect(lines.map((line) => line.split(' ')[0])).toEqual(['AGENT', 'here', 'done', 'fake', 'absent'])
  expect(lines[2]).toMatch(/^done +Done +yes +2\.0\.0 +yes +installed$/)
  expect(lines[4]).toMatch(/^absent +An agent with a .* no +- +- +built-in$/)
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80)
  expect(err).toContain('to log in to here: holdfast agents login here, or run: it login\n')
  expect(err).not.toContain('log in to absent')
  expect(err).not.toContain('log in to done')
})

test('doctor shows agents that can be used or should be, and counts the others', async () => {
  known()
  const { out } = await gateway.cli.run(['doctor'], { env: { PATH: process.env['PATH'] ?? '' } })
  expect(out).toMatch(
    /^warn +agent here +here, version 1\.2\.3.*; not logged in: holdfast agents login here, or run: it login$/m,
  )
  expect(out).toMatch(/^ok +agent done +done, version 2\.0\.0$/m)
  expect(out).toMatch(/^ok +agents +known and not installed: 1 more; holdfast agents ls$/m)
  expect(out).not.toContain('agent absent')
})

test('with no agent named, what merely lies in the PATH is not a choice', async () => {
  known()
  const { code, err } = await gateway.cli.run(['prompt', 'hi'])
  expect([code, err]).toEqual([2, expect.stringContaining('--agent: fake, done')])
})

const portWith = (port: Partial<AgentsPort>) => ({
  deps: {
    openAgents: async (): Promise<AgentsPort> => ({
      importRegistry: () => Promise.reject(new Error('not expected')),
      install: () => Promise.reject(new Error('not expected')),
      uninstall: () => Promise.reject(new Error('not expected')),
      ...port,
    }),
  },
})

test('import resolves a file against the working directory and leaves an address as it is', async () => {
  const sources: string[] = []
  const importRegistry = async (source: string) => {
    sources.push(source)
    return { names: ['a', 'b'], known: ['pi'] }
  }
  const { out, err } = await gateway.cli.run(['agents', 'import', 'x.json'], {
    cwd: '/w',
    ...portWith({ importRegistry }),
  })
  expect(out).toBe('imported 2 agents\n  a\n  b\n')
  expect(err).toContain('Holdfast knows these itself, and goes on as it does: pi')
  await gateway.cli.run(['agents', 'import', 'https://e.org/r.json'], portWith({ importRegistry }))
  expect(sources).toEqual(['/w/x.json', 'https://e.org/r.json'])
})

test('install passes name, version and permission on, and says what to do next', async () => {
  const asked: InstallRequest[] = []
  const install = async (request: InstallRequest) => {
    asked.push(request)
    return { name: 'pi', version: '1.0.0', program: '/p', isNew: true, sha256: 'ab12', loginHelp: 'run: pi' }
  }
  const { out, err } = await gateway.cli.run(
    ['agents', 'install', 'pi@1.0.0', '--allow-scripts'],
    portWith({ install }),
  )
  expect(asked).toEqual([expect.objectContaining({ name: 'pi', version: '1.0.0', allowScripts: true })])
  expect(out).toBe('installed pi 1.0.0\nSHA-256 of its archive: ab12\n')
  expect(err).toContain('to log in: run: pi\n')
  const json = await gateway.cli.run(['agents', 'install', 'pi', '--json'], portWith({ install }))
  expect(JSON.parse(json.out)).toEqual({
    agent: 'pi',
    version: '1.0.0',
    program: '/p',
    is_new: true,
    sha256: 'ab12',
    login_help: 'run: pi',
  })
  expect([asked[1]?.version, json.err]).toEqual([undefined, ''])
})

test('Ctrl-C gives an installation up: exit 130', async () => {
  const begun = vi.fn<() => void>()
  const install = ({ signal }: InstallRequest) =>
    new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new HoldfastError('CANCELLED', { stage: 'npm' })))
      begun()
    })
  const run = gateway.cli.start(['agents', 'install', 'pi'], portWith({ install }))
  await vi.waitFor(() => expect(begun).toHaveBeenCalled())
  expect(run.interrupt()).toBe(true)
  expect(await run.done).toBe(130)
})

test('uninstall says whether there was anything', async () => {
  const removing = (removed: boolean) => portWith({ uninstall: async () => removed })
  expect((await gateway.cli.run(['agents', 'uninstall', 'pi'], removing(true))).out).toBe('removed pi\n')
  expect((await gateway.cli.run(['agents', 'uninstall', 'pi'], removing(false))).out).toContain('nothing to remove: pi')
})
