// Installing with a package manager of the test and archives made in it: whole or not at all, once however many ask, nothing left.

import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { makeTar, makeZip } from '../../test/_support/made-archives.ts'
import { findCatalogEntry } from '../agent/catalog/catalog.ts'
import { systemClock } from '../base/clock.ts'
import { AgentStore } from './agent-store.ts'
import type { Fetch } from './https.ts'
import { installAgent, keyOf } from './install-agent.ts'
import type { InstallPorts } from './install-agent.ts'
import { planOfCatalog, planOfRegistry } from './plan.ts'
import type { ArchivePlan, NpmPlan, UvPlan } from './plan.ts'
import { ownTarget } from './registry-agent.ts'
import { uninstallAgent } from './uninstall-agent.ts'

let home: string
let store: AgentStore
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'hf-install-'))
  mkdirSync(join(home, 'bin'))
  store = new AgentStore(join(home, 'state'))
})
afterEach(() => rmSync(home, { recursive: true }))

const portsWith = (more: Partial<InstallPorts> = {}): InstallPorts => ({
  store,
  clock: systemClock,
  fetch: () => Promise.reject(new Error('no network here')),
  env: { PATH: `${join(home, 'bin')}:/usr/bin:/bin`, HOME: home, ANTHROPIC_API_KEY: 'secret' },
  signal: new AbortController().signal,
  ...more,
})
const base = { agent: 'one', title: 'One', args: ['--acp'], env: {} }
const npm: NpmPlan = { ...base, kind: 'npm', packages: ['one@1.0.0'], program: undefined, runsScripts: false }

/** A package manager that does what `lines` say, and notes each of its starts. */
function fakeTool(name: string, ...lines: string[]): void {
  const file = join(home, 'bin', name)
  writeFileSync(file, `#!/bin/sh\necho "$*" >> ${home}/calls\nenv > ${home}/env\n${lines.join('\n')}\n`)
  chmodSync(file, 0o755)
}
const LAYS_ONE = [
  'mkdir -p node_modules/one node_modules/.bin',
  `echo '{"name":"one","version":"1.0.0","bin":"x.js"}' > node_modules/one/package.json`,
  'printf "#!/bin/sh\\n" > node_modules/.bin/one && chmod +x node_modules/.bin/one',
]
const calls = (): string[] => readFileSync(join(home, 'calls'), 'utf8').trimEnd().split('\n')
const left = (): string[] => readdirSync(store.stagingDir)

describe('npm', () => {
  test('installs without scripts and without our secrets, and records what is started', async () => {
    fakeTool('npm', ...LAYS_ONE)
    const { record, isNew } = await installAgent(npm, portsWith())
    expect(isNew).toBe(true)
    expect(record).toMatchObject({ agent: 'one', version: '1.0.0', program: 'node_modules/.bin/one', args: ['--acp'] })
    expect(existsSync(join(store.packagesDir, record.key, record.program))).toBe(true)
    expect(calls()[0]).toContain('install --ignore-scripts=true')
    expect(readFileSync(join(home, 'env'), 'utf8')).not.toContain('secret')
    expect(store.records().get('one')).toEqual(record)
    expect(left()).toEqual([])
  })

  test('a package with a scope, and one from anywhere else, has a folder whose name is safe', () => {
    for (const spec of ['@scope/one@1.0.0', '../../one@1.0.0', 'one@file:/tmp/x.tgz'])
      expect(keyOf({ ...npm, packages: [spec] })).toMatch(/^[0-9A-Za-z][\w.@+-]*-[0-9a-f]{12}$/)
  })

  test('two at once are one: both succeed, one folder is there', async () => {
    fakeTool('npm', ...LAYS_ONE)
    const both = await Promise.all([installAgent(npm, portsWith()), installAgent(npm, portsWith())])
    expect(both.filter(({ isNew }) => isNew)).toHaveLength(1)
    expect(readdirSync(store.packagesDir)).toEqual([keyOf(npm)])
    expect(left()).toEqual([])
  })

  test('what is there is not fetched again', async () => {
    fakeTool('npm', ...LAYS_ONE)
    await installAgent(npm, portsWith())
    expect(await installAgent(npm, portsWith())).toMatchObject({ isNew: false })
    expect(calls()).toHaveLength(1)
  })

  test('a failure says why in the words of npm, and leaves what was installed before', async () => {
    fakeTool('npm', ...LAYS_ONE)
    await installAgent(npm, portsWith())
    fakeTool('npm', 'echo "npm error code E404" >&2', 'echo "npm error 404 Not Found" >&2', 'exit 1')
    const next = installAgent({ ...npm, packages: ['one@2.0.0'] }, portsWith())
    await expect(next).rejects.toMatchObject({ code: 'AGENT_INSTALL_FAILED' })
    await expect(next).rejects.toThrow('npm ended with code 1: E404; 404 Not Found')
    expect(store.records().get('one')).toMatchObject({ version: '1.0.0' })
    expect([readdirSync(store.packagesDir), left()]).toEqual([[keyOf(npm)], []])
  })

  test('giving up ends npm with its children and leaves nothing', async () => {
    fakeTool('npm', 'mkdir half', 'sleep 600 &', `echo $! > ${home}/child`, 'wait')
    const abort = new AbortController()
    const installing = installAgent(npm, portsWith({ signal: abort.signal }))
    await vi.waitFor(() => expect(readFileSync(join(home, 'child'), 'utf8')).toMatch(/\d\n/), 5_000)
    abort.abort()
    await expect(installing).rejects.toMatchObject({ code: 'CANCELLED' })
    const child = readFileSync(join(home, 'child'), 'utf8').trim()
    const stateOf = (): string => {
      try {
        return readFileSync(`/proc/${child}/stat`, 'utf8').split(') ')[1]?.[0] ?? 'gone'
      } catch {
        return 'gone'
      }
    }
    await vi.waitFor(() => expect(['gone', 'Z', 'X']).toContain(stateOf()), 5_000)
    expect([readdirSync(store.packagesDir), left(), [...store.records()]]).toEqual([[], [], []])
  })

  test('what a killed attempt left is removed by the next, what a living one makes is not', async () => {
    fakeTool('npm', ...LAYS_ONE)
    store.ensure()
    const dead = join(store.stagingDir, '999999999-1-abc')
    mkdirSync(join(dead, 'node_modules'), { recursive: true })
    const birth = readFileSync('/proc/1/stat', 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')[19]
    const living = join(store.stagingDir, `1-${birth}-abc`)
    mkdirSync(living)
    await installAgent(npm, portsWith())
    expect([existsSync(dead), existsSync(living)]).toEqual([false, true])
  })

  test('a package without the program is refused', async () => {
    fakeTool('npm', ...LAYS_ONE)
    const installing = installAgent({ ...npm, program: 'two' }, portsWith())
    await expect(installing).rejects.toThrow('its package has no program two (it has: one)')
  })

  test('a package manager that is missing is named', async () => {
    const installing = installAgent({ ...npm, kind: 'uv' }, portsWith({ env: { PATH: '/nowhere' } }))
    await expect(installing).rejects.toThrow('uv is needed for it, and is not in the PATH')
  })
})

test('uv makes an environment that can be moved, and puts the program into it', async () => {
  fakeTool(
    'uv',
    'if [ "$1" = venv ]; then mkdir -p venv/bin; else printf "#!/bin/sh\\n" > venv/bin/tool; chmod +x venv/bin/tool; fi',
  )
  const plan: UvPlan = { ...base, kind: 'uv', packages: ['tool[x]==2.0'], program: undefined }
  const { record } = await installAgent(plan, portsWith())
  expect(record).toMatchObject({ kind: 'uv', version: '2.0', program: 'venv/bin/tool', binDirectories: ['venv/bin'] })
  expect(calls()).toEqual([
    'venv --no-config --relocatable venv',
    'pip install --no-config --only-binary :all: --python venv/bin/python tool[x]==2.0',
  ])
})

describe('archives', () => {
  const archiveOf = (bytes: Buffer, more: Partial<ArchivePlan> = {}): [ArchivePlan, Fetch, string] => {
    const address = more.archive ?? 'https://example.org/one.tar.gz'
    const plan = { ...base, kind: 'archive' as const, version: '3.0.0', sha256: undefined, program: 'bin/one', ...more }
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    return [{ ...plan, archive: address }, async () => new Response(new Uint8Array(bytes)), sha256]
  }
  const files = [{ name: 'bin/one', content: '#!/bin/sh\n' }]

  test.each<[string, Buffer]>([
    ['https://example.org/one.tar.gz', gzipSync(makeTar(files))],
    ['https://example.org/one.tgz', gzipSync(makeTar(files))],
    ['https://example.org/one.tar', makeTar(files)],
    ['https://example.org/one.zip', makeZip(files)],
  ])('%s is unpacked, its program made executable, its digest recorded', async (archive, bytes) => {
    const [plan, fetch, sha256] = archiveOf(bytes, { archive })
    const { record } = await installAgent(plan, portsWith({ fetch }))
    expect(record).toMatchObject({ kind: 'archive', version: '3.0.0', sha256, program: 'content/bin/one' })
    expect(readFileSync(join(store.packagesDir, record.key, record.program), 'utf8')).toBe('#!/bin/sh\n')
    expect(existsSync(join(store.packagesDir, record.key, 'archive'))).toBe(false)
  })

  test('a bare program is its own archive', async () => {
    const [plan, fetch] = archiveOf(Buffer.from('#!/bin/sh\n'), { archive: 'https://example.org/one', program: 'one' })
    expect((await installAgent(plan, portsWith({ fetch }))).record.program).toBe('content/one')
  })

  test('a download that is given up is a cancellation, and leaves nothing', async () => {
    const abort = new AbortController()
    const [plan] = archiveOf(Buffer.alloc(0))
    const endless: Fetch = async (_, { signal }) => {
      setImmediate(() => abort.abort())
      return new Response(
        new ReadableStream({
          start: (body) => signal?.addEventListener('abort', () => body.error(signal.reason)),
        }),
      )
    }
    const installing = installAgent(plan, portsWith({ fetch: endless, signal: abort.signal }))
    await expect(installing).rejects.toMatchObject({ code: 'CANCELLED' })
    expect([readdirSync(store.packagesDir), left()]).toEqual([[], []])
  })

  test.each<[string, Buffer, Partial<ArchivePlan>, string]>([
    ['another digest', gzipSync(makeTar(files)), { sha256: '0'.repeat(64) }, 'is not what the registry says'],
    ['a way out', gzipSync(makeTar([{ name: '../x' }])), {}, 'was refused: ../x leaves the directory'],
    ['no gzip', Buffer.from('nonsense'), {}, 'was refused: it is damaged'],
    ['no program', gzipSync(makeTar([{ name: 'x' }])), {}, 'there is no file bin/one in'],
    ['bzip2', Buffer.from('x'), { archive: 'https://example.org/one.tar.bz2' }, 'files like one.tar.bz2 are not read'],
  ])('%s is refused, and nothing is left', async (_, bytes, more, message) => {
    const [plan, fetch] = archiveOf(bytes, more)
    const installing = installAgent(plan, portsWith({ fetch }))
    await expect(installing).rejects.toMatchObject({ code: 'AGENT_INSTALL_FAILED' })
    await expect(installing).rejects.toThrow(message)
    expect([readdirSync(store.packagesDir), left()]).toEqual([[], []])
  })
})

describe('plans', () => {
  const registryAgent = {
    id: 'two',
    title: 'Two',
    version: '2.0.0',
    homepage: undefined,
    npx: { package: 'two', cmd: undefined, args: [], env: {} },
    uvx: undefined,
    binary: new Map(),
  }
  const wish = { version: undefined, allowScripts: false }

  test('a package that a registry does not pin is pinned to the version of the agent', () => {
    expect(planOfRegistry(registryAgent, wish)).toMatchObject({ packages: ['two@2.0.0'] })
    expect(planOfRegistry(registryAgent, { ...wish, version: '1.9.0' })).toMatchObject({ packages: ['two@1.9.0'] })
  })

  test('an archive for another machine is no archive', () => {
    const archive = { archive: 'https://e.org/a.zip', cmd: './a', args: [], env: {}, sha256: undefined }
    const of = (target: string) => ({ ...registryAgent, npx: undefined, binary: new Map([[target, archive]]) })
    expect(planOfRegistry(of(ownTarget()), wish)).toMatchObject({ kind: 'archive', program: 'a' })
    expect(() => planOfRegistry(of('plan9-mips'), wish)).toThrow('there is none for this machine')
  })

  test('scripts run only for an agent that needs them, and only when they are allowed', () => {
    const opencode = findCatalogEntry('opencode')!
    const pi = findCatalogEntry('pi')!
    expect(() => planOfCatalog(opencode, wish)).toThrow('--allow-scripts')
    expect(planOfCatalog(opencode, { ...wish, allowScripts: true })).toMatchObject({ runsScripts: true })
    expect(() => planOfCatalog(pi, { ...wish, allowScripts: true })).toThrow('leave --allow-scripts out')
    expect(planOfCatalog(pi, { ...wish, version: '0.0.33' })).toMatchObject({
      packages: ['pi-acp@0.0.33', expect.anything()],
    })
    expect(() => planOfCatalog(pi, { ...wish, version: '../x' })).toThrow('is not a version')
  })
})

test('uninstalling takes the record and the files of all versions, but none that another agent needs', async () => {
  fakeTool('npm', ...LAYS_ONE)
  await installAgent(npm, portsWith())
  await installAgent({ ...npm, packages: ['one@1.1.0'] }, portsWith())
  await installAgent({ ...npm, agent: 'other' }, portsWith())
  expect(uninstallAgent(store, 'one')).toBe(true)
  expect([[...store.records().keys()], readdirSync(store.packagesDir)]).toEqual([['other'], [keyOf(npm)]])
  expect(uninstallAgent(store, 'one')).toBe(false)
  expect(uninstallAgent(store, '../x')).toBe(false)
})

test('a record that was tampered with, so that it leaves its folder, counts as not installed', async () => {
  fakeTool('npm', ...LAYS_ONE)
  const { record } = await installAgent(npm, portsWith())
  for (const change of [{ program: '../../x' }, { key: '..' }, { binDirectories: ['/tmp'] }, { args: 'x' }]) {
    writeFileSync(join(store.root, 'installed', 'one.json'), JSON.stringify({ ...record, ...change }))
    expect([...store.records()]).toEqual([])
  }
})
