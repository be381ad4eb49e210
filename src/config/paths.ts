// Where everything is: configuration, state, socket, token. HOLDFAST_HOME moves it all; otherwise the XDG directories.

import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'

import { HoldfastError } from '../base/errors.ts'
import type { Environment } from './environment.ts'

export interface Paths {
  /** Read when it exists, unless HOLDFAST_CONFIG or --config names another. */
  readonly configFile: string
  /** Database, log, token. Mode 0700. */
  readonly stateDir: string
  /** Socket and port file. Mode 0700. */
  readonly runDir: string
  readonly socket: string
  readonly portFile: string
  readonly tokenFile: string
  readonly logFile: string
}

/** sun_path, with its final NUL. */
const SOCKET_PATH_BYTES = process.platform === 'darwin' ? 104 : 108

/** CONFIG_INVALID when the socket path would not fit or HOLDFAST_HOME is not absolute. */
export function pathsOf(env: Environment, home: string = homedir()): Paths {
  const { configFile, stateDir, runDir } = directoriesOf(env, home)
  const socket = join(runDir, 'gateway.sock')
  const bytes = Buffer.byteLength(socket)
  if (bytes >= SOCKET_PATH_BYTES) {
    const reason = `the path of the socket has ${bytes} bytes, at most ${SOCKET_PATH_BYTES - 1} are possible: ${socket}`
    const variable = env['HOLDFAST_HOME'] ? 'HOLDFAST_HOME' : 'XDG_RUNTIME_DIR'
    throw new HoldfastError('CONFIG_INVALID', { reason, file: variable })
  }
  return {
    configFile,
    stateDir,
    runDir,
    socket,
    portFile: join(runDir, 'http-port'),
    tokenFile: join(stateDir, 'token'),
    logFile: join(stateDir, 'gateway.log'),
  }
}

function directoriesOf(env: Environment, home: string): Pick<Paths, 'configFile' | 'stateDir' | 'runDir'> {
  const own = env['HOLDFAST_HOME']
  if (own !== undefined && own !== '') {
    if (!isAbsolute(own))
      throw new HoldfastError('CONFIG_INVALID', {
        reason: `HOLDFAST_HOME is not absolute: ${own}`,
        file: 'HOLDFAST_HOME',
      })
    const root = resolve(own)
    return { configFile: join(root, 'config.jsonc'), stateDir: join(root, 'state'), runDir: join(root, 'run') }
  }
  const stateDir = join(xdg(env, 'XDG_STATE_HOME') ?? join(home, '.local', 'state'), 'holdfast')
  const runtime = xdg(env, 'XDG_RUNTIME_DIR')
  return {
    configFile: join(xdg(env, 'XDG_CONFIG_HOME') ?? join(home, '.config'), 'holdfast', 'config.jsonc'),
    stateDir,
    runDir: runtime === undefined ? join(stateDir, 'run') : join(runtime, 'holdfast'),
  }
}

/** By the XDG specification a relative path counts as not set. */
function xdg(env: Environment, name: string): string | undefined {
  const value = env[name]
  return value !== undefined && isAbsolute(value) ? resolve(value) : undefined
}
