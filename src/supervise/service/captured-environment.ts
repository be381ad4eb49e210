// What a service keeps of the shell that installs it: where programs and files are. A service has no login shell, and a PATH that
// lacks the agents is the most frequent mistake of an installation.

import { homedir } from 'node:os'
import { delimiter, dirname, isAbsolute, join } from 'node:path'

import type { Variables } from '../detect-supervisor.ts'

const PLACES = ['HOLDFAST_CONFIG', 'XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'XDG_CACHE_HOME', 'LANG'] as const

export interface Captured {
  /** For the service. */
  readonly env: Readonly<Record<string, string>>
  /** Settings of this shell that the service will not have. */
  readonly leftOut: readonly string[]
}

/** `home`: HOLDFAST_HOME of the service; undefined for the XDG directories. */
export function captureEnvironment(env: Variables, home: string | undefined, nodePath: string): Captured {
  const places = PLACES.flatMap((name) => (env[name] ? [[name, env[name]] as const] : []))
  const kept = Object.fromEntries([...(home === undefined ? [] : [['HOLDFAST_HOME', home] as const]), ...places])
  const leftOut = Object.keys(env).filter(
    (name) => name.startsWith('HOLDFAST_') && name !== 'HOLDFAST_HOME' && !(name in kept),
  )
  return { env: { PATH: searchPathOf(env, nodePath), ...kept }, leftOut }
}

/** As the shell's, absolute and each once, with the directory of our Node and ~/.local/bin. */
function searchPathOf(env: Variables, nodePath: string): string {
  const own = (env['PATH'] ?? '').split(delimiter).filter((directory) => isAbsolute(directory))
  const system = ['/usr/local/bin', '/usr/bin', '/bin']
  return [...new Set([...own, dirname(nodePath), join(env['HOME'] ?? homedir(), '.local', 'bin'), ...system])].join(
    delimiter,
  )
}
