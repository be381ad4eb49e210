// argv[0] to a program: the PATH the agent gets, its cwd, and reasons an operator understands.

import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { resolveCommand } from './resolve-command.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'holdfast-resolve-'))
  for (const folder of ['a', 'b', 'cwd/tools', 'b/folder', 'a/folder'])
    await mkdir(join(root, folder), { recursive: true })
  const write = async (path: string, text: string, mode: number): Promise<void> => {
    await writeFile(join(root, path), text)
    await chmod(join(root, path), mode)
  }
  await write('b/agent', '#!/bin/sh\n', 0o755)
  await write('a/plain', 'text', 0o644)
  await write('b/plain', '#! /bin/sh -e\n', 0o755)
  await write('a/only-plain', 'text', 0o644)
  await write('a/lost', '#!/no/such/shell\n', 0o755)
  await write('a/env-lost', '#!/usr/bin/env -S no-such-runtime --flag\n', 0o755)
  await write('a/env-found', '#!/usr/bin/env agent\n', 0o755)
  await write('cwd/tools/local', 'binary', 0o755)
  await symlink('nowhere', join(root, 'a/dangling'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

function find(command: string, path: string | undefined = `${root}/a:${root}/b:/usr/bin:/bin`): Promise<string> {
  return resolveCommand({ agent: 'x', command, path, cwd: join(root, 'cwd') })
}

describe('resolve command', () => {
  test('the first usable one in the PATH is taken, past one that is not executable', async () => {
    expect(await find('agent')).toBe(join(root, 'b/agent'))
    expect(await find('plain')).toBe(join(root, 'b/plain'))
    expect(await find('env-found')).toBe(join(root, 'a/env-found'))
  })

  test('a slash, and a relative or empty PATH entry, are relative to the cwd of the agent', async () => {
    const local = join(root, 'cwd/tools/local')
    expect(await find('./tools/local')).toBe(local)
    expect(await find('tools/local')).toBe(local)
    expect(await find(local)).toBe(local)
    expect(await find('local', 'tools')).toBe(local)
    expect(await find('tools/../tools/local', '')).toBe(local)
  })

  test('no PATH means the default one', async () => {
    expect(await resolveCommand({ agent: 'x', command: 'sh', path: undefined, cwd: root })).toMatch(/\/bin\/sh$/)
  })

  test('what is nowhere is missing', async () => {
    for (const command of ['no-such-agent', '/no/such/file', './local', 'dangling', '', 'agent/x']) {
      await expect(find(command)).rejects.toMatchObject({
        code: 'AGENT_COMMAND_MISSING',
        details: { agent: 'x', command },
      })
    }
  })

  test.for([
    ['folder', 'it is a directory'],
    ['/dev/null', 'it is not a regular file'],
    ['only-plain', 'it is not executable'],
    ['lost', 'its interpreter /no/such/shell is missing'],
    ['env-lost', 'its interpreter no-such-runtime is not in its PATH'],
  ] as const)('%s is unusable: %s', async ([command, reason]) => {
    await expect(find(command)).rejects.toMatchObject({ code: 'AGENT_COMMAND_UNUSABLE', details: { command, reason } })
  })
})
