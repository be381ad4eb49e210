// What can be said of the holder of a lock, and that only a proof of death removes what he said.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { readStat } from '../../../../src/base/birth.ts'
import { killPid } from '../../../../test/_support/kill.ts'
import { Holders, livenessOf, readOwnIdentity, type ProcessIdentity } from './holders.ts'

const own = readOwnIdentity()
let directory: string

beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'holdfast-holders-'))))
afterEach(() => rmSync(directory, { recursive: true }))

function plant(name: string, identity: ProcessIdentity): string {
  const path = join(directory, name)
  const said = { ...identity, holds: [{ key: 'k', since: 1, stage: name }] }
  writeFileSync(path, `${JSON.stringify(said)}\n0,"stage":"rest of a longer line"}]}\n`)
  return path
}

describe('holders', () => {
  test('a pid that was used again and another boot are gone; another namespace is elsewhere', () => {
    expect(livenessOf(own, own)).toBe('this process')
    expect(livenessOf({ ...own, startTicks: '1' }, own)).toBe('gone')
    expect(livenessOf({ ...own, boot: 'earlier' }, own)).toBe('gone')
    expect(livenessOf({ ...own, pidNamespace: 'pid:[1]' }, own)).toBe('elsewhere')
    expect(livenessOf(own, { ...own, boot: '', pid: 1 })).toBe('unknown')
  })

  test('another process is running, stopped or gone, as the kernel says', async () => {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' })
    const exited = once(child, 'exit')
    try {
      const identity = { ...own, pid: child.pid!, startTicks: readStat(child.pid!)!.startTicks }
      expect(livenessOf(identity, own)).toBe('running')
      killPid(child.pid, 'SIGSTOP')
      await expect.poll(() => livenessOf(identity, own)).toBe('stopped')
      killPid(child.pid, 'SIGKILL')
      await exited
      expect(livenessOf(identity, own)).toBe('gone')
    } finally {
      killPid(child.pid, 'SIGKILL')
    }
  })

  test('who lives is named before who is gone, by the first line of his file only', () => {
    using holders = new Holders(directory, 'own')
    plant('dead', { ...own, startTicks: '1' })
    expect(holders.find('k')).toMatchObject({ stage: 'dead', liveness: 'gone' })
    plant('elsewhere', { ...own, pidNamespace: 'pid:[1]' })
    expect(holders.find('k')).toMatchObject({ stage: 'elsewhere', liveness: 'elsewhere' })
    expect(holders.find('another key')).toBeUndefined()
  })

  test('what is noted is found until it is cleared, also when less is said than before', () => {
    using holders = new Holders(directory, 'own')
    holders.note({ key: 'a long key that makes a long line', since: 5, stage: 'append' })
    holders.note({ key: 'k', since: 6, stage: 'begin' })
    holders.clear('a long key that makes a long line')
    expect(holders.find('a long key that makes a long line')).toBeUndefined()
    expect(holders.find('k')).toMatchObject({ ...own, since: 6, stage: 'begin', liveness: 'this process' })
  })

  test('only files of processes that are proved to be gone are removed, whatever is in the others', () => {
    const dead = plant('dead', { ...own, startTicks: '1' })
    const kept = [plant('elsewhere', { ...own, pidNamespace: 'pid:[1]' }), plant('own', own), join(directory, 'torn')]
    writeFileSync(kept[2]!, '{"pid":1,')
    using holders = new Holders(directory, 'x')
    expect(existsSync(dead)).toBe(false)
    expect(kept.every((path) => existsSync(path))).toBe(true)
    expect(holders.find('k')).toBeDefined()
  })
})
