import { describe, expect, test } from 'vitest'

import { pathsOf } from './paths.ts'

test('HOLDFAST_HOME moves everything', () => {
  const env = { HOLDFAST_HOME: '/h', XDG_STATE_HOME: '/s', XDG_RUNTIME_DIR: '/r', XDG_CONFIG_HOME: '/c' }
  const paths = pathsOf(env, '/home/me')
  for (const path of Object.values(paths)) expect(path).toMatch(/^\/h\//)
  expect(paths).toMatchObject({ configFile: '/h/config.jsonc', stateDir: '/h/state', socket: '/h/run/gateway.sock' })
})

test('without it the XDG directories hold, and their defaults', () => {
  const env = { XDG_STATE_HOME: '/s', XDG_RUNTIME_DIR: '/r', XDG_CONFIG_HOME: '/c' }
  expect(pathsOf(env, '/home/me')).toEqual({
    configFile: '/c/holdfast/config.jsonc',
    stateDir: '/s/holdfast',
    runDir: '/r/holdfast',
    socket: '/r/holdfast/gateway.sock',
    portFile: '/r/holdfast/http-port',
    tokenFile: '/s/holdfast/token',
    logFile: '/s/holdfast/gateway.log',
  })
  expect(pathsOf({ XDG_STATE_HOME: 'relative', HOLDFAST_HOME: '' }, '/home/me')).toMatchObject({
    configFile: '/home/me/.config/holdfast/config.jsonc',
    stateDir: '/home/me/.local/state/holdfast',
    runDir: '/home/me/.local/state/holdfast/run',
  })
})

describe('refused', () => {
  test('a home that is not absolute', () => {
    const details = { reason: 'HOLDFAST_HOME is not absolute: x', file: 'HOLDFAST_HOME' }
    expect(() => pathsOf({ HOLDFAST_HOME: 'x' }, '/home/me')).toThrow(expect.objectContaining({ details }))
  })

  test('a socket path of 108 bytes; 107 are fine', () => {
    const home = (bytes: number) => ({
      HOLDFAST_HOME: `/${'ä'.repeat(20)}${'x'.repeat(bytes - 41 - '/run/gateway.sock'.length)}`,
    })
    expect(Buffer.byteLength(pathsOf(home(107), '/home/me').socket)).toBe(107)
    expect(() => pathsOf(home(108), '/home/me')).toThrow('the path of the socket has 108 bytes')
  })
})
