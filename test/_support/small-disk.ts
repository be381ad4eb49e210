// A file system of its own for a directory, of a given size or not to be written to. Needs the right to mount.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Ability } from './where-it-works.ts'

export interface SmallDisk extends Disposable {
  readonly path: string
  /** What is written from now on fails; what is there can be read. */
  makeReadOnly(): void
}

/** Mounts a tmpfs of `bytes` with mode 0700 over `path`, which is made. Unmounted and gone when disposed. */
export function mountSmallDisk(path: string, bytes: number): SmallDisk {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  run('mount', '-t', 'tmpfs', '-o', `size=${bytes},mode=0700`, 'tmpfs', path)
  return {
    path,
    makeReadOnly: () => run('mount', '-o', 'remount,ro', path),
    [Symbol.dispose]: () => run('umount', '-l', path),
  }
}

/** Tried here and now. */
export function mountAbility(): Ability {
  const directory = mkdtempSync(join(tmpdir(), 'hf-mount-'))
  try {
    mountSmallDisk(join(directory, 'disk'), 1 << 20)[Symbol.dispose]()
    return { name: 'mount', works: true }
  } catch (error) {
    return { name: 'mount', works: false, reason: (error as Error).message.trim() }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function run(command: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(error?.message ?? stderr)
}
