// Files of a session with a real file system: what is read and written, what is refused, and what a crash may leave.

import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync } from 'node:fs'
import {
  chmod,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import type { AgentSessionId, SessionId } from '../../base/ids.ts'
import type { JsonObject } from '../../base/json.ts'
import { canHoldEntries } from './held-entry.ts'
import { FILE_BYTES_MAX } from './read-text.ts'
import { draftPrefix, FILE_MS_MAX, SessionFiles } from './session-files.ts'
import type { FileAnswer, FileGround } from './session-files.ts'

let home: string
let root: string
let outside: string
let files: SessionFiles
let lines = 0

beforeEach(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), 'hf-files-')))
  root = join(home, 'work')
  outside = join(home, 'outside')
  await mkdir(root)
  await mkdir(outside)
  await writeFile(join(outside, 'secret'), 'SECRET\n')
  files = open()
})
afterEach(async () => {
  await files.release()
  await rm(home, { recursive: true, force: true })
})

function open(more: Partial<FileGround> = {}): SessionFiles {
  const own = { directories: [join(home, 'work/state')], files: [join(root, 'config.jsonc')] }
  const names = { sessionId: 'ses_1' as SessionId, generation: 1, life: 0 }
  return new SessionFiles({ access: 'write', directories: [root], own, ...names, ...more })
}

const read = (path: string, more: JsonObject = {}, by = files): Promise<FileAnswer> =>
  by.answer({ method: 'fs/read_text_file', params: { sessionId: 's1', path, ...more }, line: ++lines })
const write = (path: string, content = 'new\n', by = files): Promise<FileAnswer> =>
  by.answer({ method: 'fs/write_text_file', params: { sessionId: 's1', path, content }, line: ++lines })

const content = (text: string): object => ({ kind: 'result', result: { content: text } })
const DONE = { kind: 'result', result: {} }
const refused = (code: number, text: string): object => ({
  kind: 'error',
  error: expect.objectContaining({ code, message: expect.stringContaining(text) }),
})
const at = (...names: string[]): string => join(root, ...names)

/** What of this test's directories is open in this process. */
async function openDescriptors(): Promise<string[]> {
  const numbers = await readdir('/proc/self/fd')
  const targets = await Promise.all(numbers.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
  return targets.filter((target) => target.startsWith(home))
}

/** Names that nobody asked for. */
const litter = async (): Promise<string[]> =>
  (await readdir(home, { recursive: true })).filter((name) => name.includes('.holdfast-'))

describe.runIf(canHoldEntries())('files of a session', () => {
  test('a file is read whole, or some lines of it, as it is (C-61)', async () => {
    await writeFile(at('f'), '\ufeffone\r\ntwo\n\nfour')
    expect(await read(at('f'))).toEqual(content('\ufeffone\r\ntwo\n\nfour'))
    expect(await read(at('f'), { line: 2, limit: 2 })).toEqual(content('two\n\n'))
    expect(await read(at('f'), { line: 0, limit: 1 })).toEqual(content('\ufeffone\r\n'))
    expect(await read(at('f'), { line: 4, limit: null })).toEqual(content('four'))
    expect(await read(at('f'), { line: 9 })).toEqual(content(''))
    expect(await read(at('f'), { limit: 0 })).toEqual(content(''))
  })

  test('a missing file is made, with its directories; one that is there keeps its mode (C-61)', async () => {
    expect(await write(at('a', 'b', 'new'), 'text')).toEqual(DONE)
    expect(await readFile(at('a', 'b', 'new'), 'utf8')).toBe('text')
    expect((await stat(at('a', 'b', 'new'))).mode & 0o777).toBe(0o666 & ~process.umask())
    await writeFile(at('script'), 'old')
    await chmod(at('script'), 0o751)
    expect(await write(at('script'), 'new')).toEqual(DONE)
    expect((await stat(at('script'))).mode & 0o777).toBe(0o751)
    expect(await readFile(at('script'), 'utf8')).toBe('new')
    expect(await litter()).toEqual([])
  })

  test.for<[string, JsonObject]>([
    ['a relative path', { path: 'f' }],
    ['no path', {}],
    ['a NUL', { path: '/tmp/f\0' }],
    ['half of a character in a path', { path: '/tmp/\ud800' }],
    ['a line that is no count', { path: '/tmp/f', line: -1 }],
    ['a limit that is no count', { path: '/tmp/f', limit: 1.5 }],
    ['a text that is none', { path: '/tmp/f', content: 7 }],
    ['half of a character in a text', { path: '/tmp/f', content: 'a\udc00' }],
  ])('%s is -32602 (C-61)', async ([, params]) => {
    const method = 'content' in params ? 'fs/write_text_file' : 'fs/read_text_file'
    const answer = await files.answer({ method, params: { sessionId: 's1', content: '', ...params }, line: 1 })
    expect(answer).toMatchObject({ kind: 'error', error: { code: -32_602 } })
  })

  test('a file that is not there is -32002 with its path; so is one below a file', async () => {
    await writeFile(at('f'), '')
    for (const path of [at('none'), at('no', 'thing'), at('f', 'below')]) {
      expect(await read(path)).toEqual({
        kind: 'error',
        error: { code: -32_002, message: `Resource not found: ${path}`, data: { path, uri: `file://${path}` } },
      })
    }
    expect(await write(at('f', 'below'))).toEqual(refused(-32_602, 'f is not a directory'))
  })

  test('another session is not known; while the own one is being opened its name is not either', async () => {
    await writeFile(at('f'), 'x')
    expect(await read(at('f'), { sessionId: 'any' })).toEqual(content('x'))
    files.opened('s1' as AgentSessionId)
    expect(await read(at('f'))).toEqual(content('x'))
    expect(await read(at('f'), { sessionId: 's2' })).toMatchObject({ kind: 'error', error: { code: -32_002 } })
  })

  test('reading alone serves no write', () => {
    const reading = open({ access: 'read' })
    const methods = ['fs/read_text_file', 'fs/write_text_file'] as const
    expect(methods.map((each) => reading.serves(each))).toEqual([true, false])
    expect(methods.map((each) => files.serves(each))).toEqual([true, true])
  })

  test('what is not in the directories of the session is refused, also by the way of a link (C-62, H 135)', async () => {
    await symlink(outside, at('dir'))
    await symlink(join(outside, 'secret'), at('file'))
    await symlink('../outside/secret', at('climbing'))
    await symlink('chain2', at('chain1'))
    await symlink('../work/dir', at('chain2'))
    await symlink('/proc/self/root', at('proc'))
    await symlink('/proc/self/fd/0', at('fd'))
    await symlink('loop', at('loop'))
    await mkdir(`${root}-sibling`)
    const paths = [
      join(outside, 'secret'),
      `${root}/../outside/secret`,
      `${root}/none/../../outside/secret`,
      `${root}-sibling/f`,
      '/proc/self/environ',
      '/',
      at('dir', 'secret'),
      at('file'),
      at('climbing'),
      at('chain1', 'secret'),
      at('proc', outside, 'secret'),
      at('fd'),
      at('loop'),
      `/${'x'.repeat(5_000)}`,
      at('x'.repeat(300)),
    ]
    for (const path of paths) {
      expect(await read(path), path).toMatchObject({ kind: 'error', error: { code: -32_602 } })
      expect(await write(path), path).toMatchObject({ kind: 'error', error: { code: -32_602 } })
    }
    expect(await readdir(outside)).toEqual(['secret'])
    expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('SECRET\n')
    expect(await readdir(home)).toEqual(['outside', 'work', 'work-sibling'])
  })

  test('links that stay inside are followed, to read and to write; the link stays', async () => {
    await mkdir(at('real', 'deep'), { recursive: true })
    await writeFile(at('real', 'deep', 'f'), 'old')
    await symlink('real/deep', at('relative'))
    await symlink(at('real'), at('absolute'))
    await symlink('../../relative/../deep/./f', at('real', 'deep', 'up'))
    await symlink('real/deep/new', at('dangling'))
    for (const path of [at('relative', 'f'), at('absolute', 'deep', 'f'), at('real', 'deep', 'up')])
      expect(await read(path)).toEqual(content('old'))
    expect(await write(at('real', 'deep', 'up'), 'new')).toEqual(DONE)
    expect(await write(at('dangling'), 'made')).toEqual(DONE)
    expect(await readFile(at('real', 'deep', 'f'), 'utf8')).toBe('new')
    expect(await readFile(at('real', 'deep', 'new'), 'utf8')).toBe('made')
    expect(lstatSync(at('real', 'deep', 'up')).isSymbolicLink()).toBe(true)
  })

  test('a session may have more directories, and a link may lead from one to another', async () => {
    const more = join(home, 'more')
    await mkdir(more)
    await writeFile(join(more, 'f'), 'x')
    await symlink('../more/f', at('over'))
    await symlink(root, join(home, 'alias'))
    expect(await read(at('over'))).toEqual(refused(-32_602, 'leads out'))
    const both = open({ directories: [join(home, 'alias'), more, join(home, 'gone')] })
    expect(await read(at('over'), {}, both)).toEqual(content('x'))
    expect(await read(join(home, 'alias', 'over'), {}, both)).toEqual(content('x'))
  })

  test('another directory in the place of a root is no root', async () => {
    await writeFile(at('f'), 'x')
    expect(await read(at('f'))).toEqual(content('x'))
    await rename(root, join(home, 'moved'))
    expect(await read(at('f'))).toEqual(refused(-32_602, 'is not the directory any more'))
    await symlink(outside, root)
    expect(await read(at('secret'))).toEqual(refused(-32_602, 'is not the directory any more'))
    await rm(root)
    await mkdir(root)
    await writeFile(at('f'), 'other')
    expect(await write(at('f'))).toEqual(refused(-32_602, 'is not the directory any more'))
  })

  test('what is no ordinary file is refused without being opened: FIFO, socket, device, directory (H 135)', async () => {
    execFileSync('mkfifo', [at('fifo')])
    const server = createServer().listen(at('socket'))
    for (const name of ['fifo', 'socket']) {
      expect(await read(at(name))).toEqual(refused(-32_602, 'is not an ordinary file'))
      expect(await write(at(name))).toEqual(refused(-32_602, 'is not an ordinary file'))
    }
    expect(await read(root)).toEqual(refused(-32_602, 'is a directory'))
    expect(await write(root)).toEqual(refused(-32_602, 'is a directory'))
    const devices = open({ access: 'read', directories: ['/dev'] })
    expect(await read('/dev/zero', {}, devices)).toEqual(refused(-32_602, 'is not an ordinary file'))
    await new Promise((resolve) => server.close(resolve))
  })

  test('what the kernel says of processes is no file, even where it lies in a root (H 135)', async () => {
    const processes = open({ directories: [`/proc/${process.pid}`] })
    for (const name of ['environ', 'status'])
      expect(await read(`/proc/${process.pid}/${name}`, {}, processes)).toEqual(
        refused(-32_602, 'is not an ordinary file'),
      )
    for (const name of ['root/etc/hostname', 'fd/0', 'cwd/package.json', 'task'])
      expect(await read(`/proc/${process.pid}/${name}`, {}, processes)).toMatchObject({ error: { code: -32_602 } })
  })

  test('a file with other names is not written; it is read, unless it is one of ours (H 135)', async () => {
    await link(join(outside, 'secret'), at('hard'))
    expect(await write(at('hard'))).toEqual(refused(-32_602, 'hard links'))
    expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('SECRET\n')
    await mkdir(at('state'))
    await writeFile(at('state', 'token'), 'TOKEN')
    await writeFile(at('config.jsonc'), '{}')
    await link(at('state', 'token'), at('t'))
    await link(at('config.jsonc'), at('c'))
    for (const name of ['t', 'c']) expect(await read(at(name))).toEqual(refused(-32_602, 'belongs to Holdfast'))
  })

  test('state and configuration of Holdfast are neither read nor written, by whatever name (H 135)', async () => {
    expect(await write(at('config.jsonc'))).toEqual(refused(-32_602, 'belongs to Holdfast'))
    await mkdir(at('state', 'agent'), { recursive: true })
    await writeFile(at('state', 'token'), 'TOKEN')
    await symlink('state', at('s'))
    for (const path of [at('state', 'token'), at('s', 'token'), at('state', 'agent', 'new'), at('config.jsonc')]) {
      expect(await read(path)).toEqual(refused(-32_602, 'belongs to Holdfast'))
      expect(await write(path)).toEqual(refused(-32_602, 'belongs to Holdfast'))
    }
    expect(await readFile(at('state', 'token'), 'utf8')).toBe('TOKEN')
    expect(existsSync(at('config.jsonc'))).toBe(false)
  })

  test("git's own files are read, never written: its hooks and its configuration name commands", async () => {
    await mkdir(at('sub', '.git', 'hooks'), { recursive: true })
    await writeFile(at('sub', '.git', 'HEAD'), 'ref: x\n')
    await symlink('sub/.git', at('innocent'))
    expect(await read(at('sub', '.git', 'HEAD'))).toEqual(content('ref: x\n'))
    for (const path of [
      at('sub', '.git', 'hooks', 'pre-commit'),
      at('innocent', 'config'),
      at('.GIT'),
      at('.git', 'x'),
    ])
      expect(await write(path)).toEqual(refused(-32_602, "git's own"))
    expect(await readdir(root)).toEqual(['innocent', 'sub'])
    expect(await write(at('.gitignore'))).toEqual(DONE)
  })

  test('a file of 1 GB costs its bound: its first lines are read, the whole is refused (H 135)', async () => {
    await writeFile(at('huge'), 'first\nsecond\n')
    await truncate(at('huge'), 1_000_000_000)
    expect(await read(at('huge'))).toEqual(refused(-32_602, 'more than 10485760 bytes'))
    expect(await read(at('huge'), { line: 2, limit: 1 })).toEqual(content('second\n'))
    expect(await read(at('huge'), { line: 3, limit: 1 })).toEqual(refused(-32_602, 'more than 10485760 bytes'))
    const most = 'x'.repeat(FILE_BYTES_MAX)
    expect(await write(at('most'), most)).toEqual(DONE)
    expect(await read(at('most'))).toEqual(content(most))
    expect(await write(at('more'), `${most}x`)).toEqual(refused(-32_602, 'more than 10485760 bytes'))
    expect(existsSync(at('more'))).toBe(false)
  })

  test('bytes that are no UTF-8 are not shown as something else', async () => {
    await writeFile(at('latin'), Buffer.from([0x61, 0x0a, 0xe4, 0x0a]))
    expect(await read(at('latin'))).toEqual(refused(-32_602, 'is not text in UTF-8'))
    expect(await read(at('latin'), { limit: 1 })).toEqual(content('a\n'))
    await writeFile(at('zeros'), Buffer.alloc(5))
    expect(await read(at('zeros'))).toEqual(refused(-32_602, 'is not text in UTF-8'))
  })

  test('names with newlines, and 200 directories, are names like any other', async () => {
    const odd = at('a\nb', '...', ' (deleted)', ...Array.from({ length: 200 }, (_, i) => `d${i}`), '\u202e\u001b[31m')
    expect(await write(odd, 'deep')).toEqual(DONE)
    expect(await read(odd)).toEqual(content('deep'))
    expect(await readFile(odd, 'utf8')).toBe('deep')
  })

  test.skipIf(process.getuid?.() === 0)(
    'what the system refuses is -32603 with its code, and nothing is left beside it',
    async () => {
      await writeFile(at('f'), 'old')
      await chmod(at('f'), 0o400)
      await mkdir(at('closed'), { mode: 0o500 })
      expect(await write(at('f'))).toEqual(refused(-32_603, 'permission denied'))
      expect(await write(at('closed', 'f'))).toEqual(refused(-32_603, 'permission denied'))
      expect(await readFile(at('f'), 'utf8')).toBe('old')
      expect(await litter()).toEqual([])
    },
  )

  test('requests take effect in the order in which they were asked', async () => {
    const asked = Array.from({ length: 20 }, (_, i) => [write(at('f'), `${i}`), read(at('f'))]).flat()
    const answers = await Promise.all(asked)
    expect(answers.filter((_, i) => i % 2 === 1)).toEqual(Array.from({ length: 20 }, (_, i) => content(`${i}`)))
  })

  test('what the system does not answer in time is given up, changes nothing later, and holds up nobody', async () => {
    await writeFile(at('f'), 'old')
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const late = write(at('f'), 'late')
      vi.advanceTimersByTime(FILE_MS_MAX) // no disk is as fast
      expect(await late).toEqual(refused(-32_603, 'did not answer in time'))
    } finally {
      vi.useRealTimers()
    }
    expect(await read(at('f'))).toEqual(content('old'))
    expect(await litter()).toEqual([])
  })

  test('no descriptor is left of any request, served or refused', async () => {
    await mkdir(at('a'))
    await symlink('a', at('inside'))
    await symlink(outside, at('out'))
    execFileSync('mkfifo', [at('fifo')])
    const paths = ['a/f', 'inside/f', 'out/secret', 'none/none', 'a', 'fifo', 'inside', '.git/x', 'a/f/below']
    const before = await openDescriptors()
    for (let round = 0; round < 5; round++)
      await Promise.all(paths.flatMap((path) => [write(at(path)), read(at(path)), read(at(path), { line: 2 })]))
    expect(await openDescriptors()).toEqual(before)
  })

  test('after the release nothing is written any more', async () => {
    const asked = Array.from({ length: 5 }, (_, i) => write(at(`f${i}`)))
    await files.release()
    const there = await readdir(root)
    const answers = await Promise.all(asked)
    expect(answers.at(-1)).toMatchObject({ kind: 'error', error: { code: -32_603 } })
    expect(await readdir(root)).toEqual(there)
    expect(await litter()).toEqual([])
  })

  test('what an earlier life left of a write is gone once that is asked for again; what others write is not', async () => {
    const [own, others] = [
      draftPrefix({ sessionId: 'ses_1' as SessionId, generation: 1 }),
      `.holdfast-${'0'.repeat(12)}-`,
    ]
    await writeFile(at(`${own}7-3.tmp`), 'ha')
    await writeFile(at(`${others}7-3.tmp`), 'ha')
    expect(await write(at('f'), 'half', open({ life: 8 }))).toEqual(DONE)
    expect(await readFile(at('f'), 'utf8')).toBe('half')
    expect(await readdir(root)).toEqual([`${others}7-3.tmp`, 'f'])
  })
})
