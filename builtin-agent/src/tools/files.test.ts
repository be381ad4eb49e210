// The tools on files, and the directories they are held in.

import { mkdir, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { readTool } from './read.ts'
import { findTool, searchTool } from './search.ts'
import { openGround, prepare, runTool } from '../../../test/_support/tool-ground.ts'
import { editTool, writeTool } from './write.ts'

describe('reading', () => {
  test('gives numbered lines from an offset on, and says how many are left', async () => {
    await using at = await openGround()
    await writeFile(join(at.cwd, 'a.txt'), 'one\ntwo\nthree\n')
    expect((await runTool(readTool, { path: 'a.txt' }, at)).text).toBe('1\tone\n2\ttwo\n3\tthree')
    expect((await runTool(readTool, { path: 'a.txt', offset: 2, limit: 1 }, at)).text).toBe(
      '2\ttwo\n… 1 more lines; read on with offset 3.',
    )
  })

  test.each([
    ['a file that is not there', 'missing.txt', 'There is no file'],
    ['a directory', '.', 'is a directory'],
    ['what is no text', 'binary', 'is not a text'],
    ['an image, for a model that takes none', 'a.png', 'does not take images'],
    ['a link to nothing', 'dangling', 'is a link to something that does not exist'],
  ])('%s is refused with a sentence', async (_, path, reason) => {
    await using at = await openGround()
    await writeFile(join(at.cwd, 'binary'), Buffer.from([0, 1, 2]))
    await writeFile(join(at.cwd, 'a.png'), 'x')
    await symlink(join(at.outside, 'gone'), join(at.cwd, 'dangling'))
    await expect(runTool(readTool, { path }, at)).rejects.toThrow(reason)
  })

  test('what has the name of an image and is none is refused, also for a model that takes images', async () => {
    await using at = await openGround({ takesImages: true })
    await writeFile(join(at.cwd, 'a.png'), 'x')
    await expect(runTool(readTool, { path: 'a.png' }, at)).rejects.toThrow('is none')
    await writeFile(join(at.cwd, 'a.png'), Buffer.from('ffd8ffe0', 'hex'))
    expect((await runTool(readTool, { path: 'a.png' }, at)).images).toMatchObject([{ mimeType: 'image/jpeg' }])
  })

  test('outside of the directories is asked for, also through a link; inside is not', async () => {
    await using at = await openGround()
    await writeFile(join(at.outside, 'secret'), 'x')
    await writeFile(join(at.cwd, 'own'), 'x')
    await symlink(at.outside, join(at.cwd, 'door'))
    for (const path of ['../outside/secret', join(at.outside, 'secret'), 'door/secret'])
      expect((await prepare(readTool, { path }, at)).effect).toMatchObject({ key: `read:${at.outside}` })
    expect((await prepare(readTool, { path: 'own' }, at)).effect).toBeUndefined()
    expect((await prepare(searchTool, { pattern: 'x', path: 'door' }, at)).effect).toBeDefined()
  })
})

test('a file whose directory was replaced by a link after it was judged is neither read nor written', async () => {
  await using at = await openGround()
  await mkdir(join(at.cwd, 'own'))
  for (const folder of [at.outside, join(at.cwd, 'own')]) await writeFile(join(folder, 'f'), 'same')
  const signal = new AbortController().signal
  const read = await prepare(readTool, { path: 'own/f' }, at)
  const path = join(at.cwd, 'own/f')
  await rename(join(at.cwd, 'own'), join(at.cwd, 'moved'))
  await symlink(at.outside, join(at.cwd, 'own'))
  await expect(read.run(() => {}, signal)).rejects.toThrow('somewhere else')
  await expect(at.ground.writeText(path, 'changed')).rejects.toThrow(/cannot be written|somewhere else/)
  expect(await readFile(join(at.outside, 'f'), 'utf8')).toBe('same')
})

describe('changing', () => {
  test('what is not UTF-8 is shown, and refused for a change: its other bytes would be lost', async () => {
    await using at = await openGround()
    const bytes = Buffer.from('caf\u00e9 one\n', 'latin1')
    await writeFile(join(at.cwd, 'f'), bytes)
    expect((await runTool(readTool, { path: 'f' }, at)).text).toContain('one')
    const edit = { path: 'f', old_string: 'one', new_string: 'two' }
    await expect(runTool(editTool, edit, at)).rejects.toThrow('is not UTF-8')
    await expect(runTool(writeTool, { path: 'f', content: 'new' }, at)).rejects.toThrow('is not UTF-8')
    expect(await readFile(join(at.cwd, 'f'))).toEqual(bytes)
  })

  test.each([
    ['CR LF at every line', 'a\r\nb\r\nc\r\n', 'a\r\nx\r\ny\r\nc\r\n'],
    ['both line ends', 'a\r\nq\na\nb\nc\n', 'a\r\nq\na\nx\ny\nc\n'],
    ['a byte order mark', '\uFEFFa\nb\nc', '\uFEFFa\nx\ny\nc'],
    ['no end of its last line', 'a\nb\nc', 'a\nx\ny\nc'],
    ['characters of four bytes', '😀a\nb\nc😀', '😀a\nx\ny\nc😀'],
  ])('a file with %s keeps it', async (_, before, after) => {
    await using at = await openGround()
    await writeFile(join(at.cwd, 'f'), before)
    await runTool(editTool, { path: 'f', old_string: 'a\nb\n', new_string: 'a\nx\ny\n' }, at)
    expect(await readFile(join(at.cwd, 'f'), 'utf8')).toBe(after)
  })

  test('a private file is private from the first byte on that is written of it, and nothing is left beside it', async () => {
    await using at = await openGround()
    const path = join(at.cwd, 'f')
    await writeFile(path, 'a'.repeat(1_000_000), { mode: 0o600 })
    const seen: number[] = []
    const writing = at.ground.writeText(path, 'b'.repeat(8_000_000))
    for (let isOver = false; !isOver; isOver = await isSettled(writing))
      for (const name of await readdir(at.cwd))
        seen.push(((await stat(join(at.cwd, name)).catch(() => undefined))?.mode ?? 0) & 0o077)
    expect(Math.max(...seen)).toBe(0)
    expect(await readdir(at.cwd)).toEqual(['f'])
  })

  test('outside, why a change cannot be made is told only to who may read there', async () => {
    await using at = await openGround()
    await writeFile(join(at.outside, 'secret'), 'a b a')
    for (const old_string of ['a', 'z']) {
      const call = await prepare(editTool, { path: '../outside/secret', old_string, new_string: 'y' }, at)
      expect(call.effect).toMatchObject({ key: `read:${at.outside}` })
      await expect(call.run(() => {}, new AbortController().signal)).rejects.toThrow("'old_string' is")
    }
    const same = await prepare(writeTool, { path: '../outside/secret', content: 'a b a' }, at)
    expect(same.effect).toMatchObject({ key: `read:${at.outside}` })
  })

  test('shows a diff, asks, and writes nothing before it runs', async () => {
    await using at = await openGround()
    const call = await prepare(writeTool, { path: 'new/a.txt', content: 'hello\n' }, at)
    const path = join(at.cwd, 'new/a.txt')
    expect(call).toMatchObject({
      title: 'Create new/a.txt',
      effect: { key: 'change' },
      content: [{ type: 'diff', path, oldText: null, newText: 'hello\n' }],
    })
    await expect(stat(path)).rejects.toThrow('ENOENT')
    await call.run(() => {}, new AbortController().signal)
    expect(await readFile(path, 'utf8')).toBe('hello\n')
  })

  test('a place where nothing can be made is refused, and nothing hangs', async () => {
    await using at = await openGround()
    const call = await prepare(writeTool, { path: '/proc/nothing/here/a', content: 'b' }, at)
    await expect(call.run(() => {}, new AbortController().signal)).rejects.toThrow('cannot be written')
  })

  test('replaces a text that is there once, at its line, and keeps the mode of the file', async () => {
    await using at = await openGround()
    const path = join(at.cwd, 'run.sh')
    await writeFile(path, 'a\nb\nc\n', { mode: 0o755 })
    const call = await prepare(editTool, { path: 'run.sh', old_string: 'b', new_string: '$&' }, at)
    expect(call.locations).toEqual([{ path, line: 2 }])
    await call.run(() => {}, new AbortController().signal)
    expect(await readFile(path, 'utf8')).toBe('a\n$&\nc\n')
    expect((await stat(path)).mode & 0o777).toBe(0o755)
  })

  test.each([
    ['a text that is not there', { old_string: 'x', new_string: 'y' }, 'is not in the file'],
    ['a text that is there twice', { old_string: 'a', new_string: 'y' }, 'is there 2 times'],
    ['no text', { old_string: '', new_string: 'y' }, "use 'write'"],
    ['what changes nothing', { old_string: 'b', new_string: 'b' }, 'has that text already'],
  ])('%s is refused', async (_, args, reason) => {
    await using at = await openGround()
    await writeFile(join(at.cwd, 'f'), 'a b a')
    await expect(prepare(editTool, { path: 'f', ...args }, at)).rejects.toThrow(reason)
    await runTool(editTool, { path: 'f', old_string: 'a', new_string: 'c', replace_all: true }, at)
    expect(await readFile(join(at.cwd, 'f'), 'utf8')).toBe('c b c')
  })

  test('what has changed since it was shown is not overwritten', async () => {
    await using at = await openGround()
    const path = join(at.cwd, 'f')
    await writeFile(path, 'a')
    const call = await prepare(writeTool, { path: 'f', content: 'b' }, at)
    await writeFile(path, 'mine')
    await expect(call.run(() => {}, new AbortController().signal)).rejects.toThrow('has changed since')
    expect(await readFile(path, 'utf8')).toBe('mine')
  })

  test('a link put in its place since it was shown is not followed', async () => {
    await using at = await openGround()
    const call = await prepare(writeTool, { path: 'f', content: 'b' }, at)
    await symlink(join(at.outside, 'victim'), join(at.cwd, 'f'))
    await writeFile(join(at.outside, 'victim'), 'safe')
    await expect(call.run(() => {}, new AbortController().signal)).rejects.toThrow('has changed since')
    expect(await readFile(join(at.outside, 'victim'), 'utf8')).toBe('safe')
  })
})

describe('searching', () => {
  test('takes expressions as models write them, and says what it did not look into', async () => {
    await using at = await openGround()
    await writeFile(join(at.cwd, 'a.ts'), 'interface {\n')
    await writeFile(join(at.cwd, 'latin'), Buffer.from('caf\u00e9 interface {', 'latin1'))
    await writeFile(join(at.cwd, 'large'), 'x'.repeat(1_100_000))
    await symlink(at.cwd, join(at.cwd, 'loop'))
    const { text } = await runTool(searchTool, { pattern: 'interface {' }, at)
    expect(text.split('\n').toSorted()).toEqual([
      'a.ts:1: interface {',
      'latin:1: caf\uFFFD interface {',
      '… not looked into, because too large: 1.',
    ])
  })

  test('finds files by a glob and lines by an expression, and leaves out what nobody wrote', async () => {
    await using at = await openGround()
    for (const folder of ['src', 'node_modules']) await mkdir(join(at.cwd, folder))
    await writeFile(join(at.cwd, 'src/a.ts'), 'const x = 1\nconst y = 22\n')
    await writeFile(join(at.cwd, 'src/b.md'), 'y = 22')
    await writeFile(join(at.cwd, 'node_modules/c.ts'), 'y = 22')
    expect((await runTool(findTool, { glob: '*.ts' }, at)).text).toBe('src/a.ts')
    expect((await runTool(findTool, {}, at)).text).toBe('src/a.ts\nsrc/b.md')
    expect((await runTool(searchTool, { pattern: String.raw`y = \d+` }, at)).text.split('\n').toSorted()).toEqual([
      'src/a.ts:2: const y = 22',
      'src/b.md:1: y = 22',
    ])
    expect((await runTool(searchTool, { pattern: 'y', path: 'src/b.md' }, at)).text).toBe('src/b.md:1: y = 22')
  })

  test('an expression that takes for ever is stopped, and one that is none is refused', async () => {
    await using at = await openGround()
    await writeFile(join(at.cwd, 'a'), `${'a'.repeat(40)}b`)
    await expect(runTool(searchTool, { pattern: '^(a+)+$' }, at)).rejects.toThrow('takes more than')
    await expect(prepare(searchTool, { pattern: '(' }, at)).rejects.toThrow('not a regular expression')
  })
})

/** Looks once, a turn of the event loop later. */
function isSettled(work: Promise<unknown>): Promise<boolean> {
  const later = new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))
  return Promise.race([work.then(() => true), later])
}
