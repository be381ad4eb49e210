import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { manualClock } from '../../test/_support/manual-clock.ts'
import { Reserve } from './reserve.ts'

describe('the reserve', () => {
  let directory = ''
  let file = ''
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-reserve-'))
    file = join(directory, 'reserve')
  })
  afterEach(() => rmSync(directory, { recursive: true, force: true }))

  const open = () => {
    const clock = manualClock()
    const changes: boolean[] = []
    const reserve = new Reserve({ file, clock, changed: (hasRoom) => changes.push(hasRoom) })
    const made = () => vi.waitFor(() => expect(existsSync(file)).toBe(true))
    return { clock, changes, reserve, made }
  }

  test('is made a second after the start, for us alone, and stays over a close', async () => {
    const { clock, reserve, made } = open()
    expect(existsSync(file)).toBe(false)
    clock.advance(1_000)
    await made()
    await reserve.close()
    expect([statSync(file).size, statSync(file).mode & 0o777]).toEqual([8 * 1024 * 1024, 0o600])
    expect(reserve.hasRoom).toBe(true)
  })

  test('is given up once, and made again when there is room; each change is told', async () => {
    const { clock, changes, reserve, made } = open()
    clock.advance(1_000)
    await made()
    expect([reserve.giveUp(), existsSync(file), reserve.hasRoom]).toEqual([true, false, false])
    expect(reserve.giveUp()).toBe(false)
    clock.advance(1_000)
    await vi.waitFor(() => expect(reserve.hasRoom).toBe(true))
    expect(changes).toEqual([false, true])
    expect(reserve.giveUp()).toBe(true)
    await reserve.close()
  })

  test('that is not there yet cannot be given up', async () => {
    const { reserve, changes } = open()
    expect([reserve.giveUp(), reserve.hasRoom, changes]).toEqual([false, true, []])
    await reserve.close()
  })

  test('that cannot be made says that there is no room, and tries again until it is closed', async () => {
    const { clock, changes, reserve } = open()
    rmSync(directory, { recursive: true })
    clock.advance(1_000)
    await vi.waitFor(() => expect(changes).toEqual([false]))
    await vi.waitFor(() => expect(clock.waiting()).toBe(1))
    await reserve.close()
    expect(clock.waiting()).toBe(0)
  })
})
