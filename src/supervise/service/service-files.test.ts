import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { servicePlan } from '../../../test/_support/service-plan.ts'
import { gatewayUnit } from '../units/gateway-unit.ts'
import { launchdPlist } from '../units/launchd-plist.ts'
import type { ServicePlan } from '../units/service-plan.ts'
import { captureEnvironment } from './captured-environment.ts'
import { lookAt, removeServiceFile, writeServiceFiles } from './service-files.ts'

let dir: string
let path: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'hf-units-'))
  path = join(dir, 'systemd', 'user', 'holdfast.service')
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const WRITERS = [
  ['a unit', gatewayUnit],
  ['a property list', launchdPlist],
] as const

test.each(WRITERS)('%s is written once, and known again with what has changed', (_, write) => {
  const look = (differences: Partial<ServicePlan> = {}) => lookAt({ path, text: write(servicePlan(differences)) })
  expect(look().found).toBe('missing')
  writeServiceFiles([look()], { force: false })
  const { ino, mode } = statSync(path)
  expect(mode & 0o777).toBe(0o644)
  expect(look().found).toBe('current')
  writeServiceFiles([look()], { force: false })
  expect(statSync(path).ino).toBe(ino)
  expect(look({ env: { PATH: '/other' } }).found).toBe('differs')
  expect(look({ version: '1.2.4' }).found).toBe('stale')
  expect(look({ gateway: ['/other/node', '/x', 'serve'] }).found).toBe('stale')
  expect(look({ stateDir: '/elsewhere' }).found).toBe('foreign')
})

test.each([
  ['a unit that somebody else wrote', '[Service]\nExecStart=/usr/bin/holdfast serve\n'],
  ['an empty file', ''],
])('%s is not replaced, nor anything beside it, unless it is forced', (_, text) => {
  const other = lookAt({ path: join(dir, 'new.service'), text: 'x' })
  writeFileSync(join(dir, 'holdfast.service'), text)
  const file = lookAt({ path: join(dir, 'holdfast.service'), text: gatewayUnit(servicePlan()) })
  expect(file.found).toBe('foreign')
  expect(() => writeServiceFiles([other, file], { force: false })).toThrow(
    expect.objectContaining({ code: 'SERVICE_UNSAFE', details: { file: file.path } }),
  )
  expect(existsSync(other.path)).toBe(false)
  expect(removeServiceFile(file)).toBe(false)
  expect(readFileSync(file.path, 'utf8')).toBe(text)
  writeServiceFiles([file], { force: true })
  expect(readFileSync(file.path, 'utf8')).toBe(file.text)
})

test("PATH is the shell's, absolute, each once, with our Node and ~/.local/bin; settings of the shell are named", () => {
  const env = { PATH: '/a:./node_modules/.bin:/b:/a:', HOME: '/home/u', HOLDFAST_HTTP_PORT: '1', HOLDFAST_CONFIG: '/c' }
  expect(captureEnvironment(env, '/h', '/opt/node/bin/node')).toEqual({
    env: {
      PATH: '/a:/b:/opt/node/bin:/home/u/.local/bin:/usr/local/bin:/usr/bin:/bin',
      HOLDFAST_HOME: '/h',
      HOLDFAST_CONFIG: '/c',
    },
    leftOut: ['HOLDFAST_HTTP_PORT'],
  })
})
