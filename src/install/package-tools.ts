// Runs npm and uv for an installation: found in the PATH of who asked, with what they need of the environment, bounded.

import { accessSync, constants } from 'node:fs'
import { delimiter, dirname, isAbsolute, join } from 'node:path'

import { HoldfastError } from '../base/errors.ts'
import { runTool } from '../process/run-tool.ts'
import type { InstallPorts } from './install-agent.ts'

/** Ten minutes: the largest agents have hundreds of packages. */
const MS_MAX = 600_000
const REASON_CHARS_MAX = 600

/** Nothing that is a secret of an agent; npm reads its own logins from its own file. */
const PASSED = new Set([
  'HOME',
  'USER',
  'LANG',
  'TMPDIR',
  'XDG_CACHE_HOME',
  'XDG_CONFIG_HOME',
  'XDG_DATA_HOME',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'npm_config_registry',
  'npm_config_cache',
  'npm_config_userconfig',
  'UV_INDEX_URL',
  'UV_DEFAULT_INDEX',
  'UV_CACHE_DIR',
])

export interface ToolUse {
  readonly agent: string
  readonly argv: readonly [string, ...string[]]
  readonly cwd: string
}

/** AGENT_INSTALL_FAILED when it is missing or says that it failed; DEADLINE, CANCELLED. */
export async function runPackageTool({ agent, argv, cwd }: ToolUse, ports: InstallPorts): Promise<void> {
  const [name, ...args] = argv
  const [own, theirs] = [dirname(process.execPath), ports.env['PATH'] ?? '']
  const tool = findProgram(name, [theirs, own].join(delimiter))
  if (tool === undefined) throw failed(agent, `${name} is needed for it, and is not in the PATH`)
  const env = { ...passedOf(ports.env), PATH: [own, theirs].filter(Boolean).join(delimiter), CI: '1', NO_COLOR: '1' }
  const { exit, output } = await runTool({ argv: [tool, ...args], cwd, env, msMax: MS_MAX, signal: ports.signal })
  if (exit.code === 0) return
  throw failed(agent, `${name} ended with ${exit.signal ?? `code ${exit.code}`}: ${gistOf(output)}`)
}

/** npm and uv say why in lines that begin with `error`. */
function gistOf(output: string): string {
  const lines = output.split('\n').map((line) => line.trim())
  const errors = lines
    .filter((line) => /^(npm error|error:)/i.test(line) && !/complete log|^npm error\s*$/i.test(line))
    .map((line) => line.replace(/^npm error (code )?/i, ''))
  const telling = errors.length > 0 ? errors : lines.filter(Boolean).slice(-5)
  return telling.join('; ').slice(0, REASON_CHARS_MAX).replace(/\.$/, '') || 'it said nothing'
}

function passedOf(env: InstallPorts['env']): Record<string, string> {
  const passed = Object.entries(env).filter(([name, value]) => value !== undefined && PASSED.has(name))
  return Object.fromEntries(passed) as Record<string, string>
}

function findProgram(name: string, searchPath: string): string | undefined {
  const candidates = searchPath.split(delimiter).filter(isAbsolute)
  return candidates.map((directory) => join(directory, name)).find((file) => canExecute(file))
}

export function canExecute(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

export function failed(agent: string, reason: string): HoldfastError {
  return new HoldfastError('AGENT_INSTALL_FAILED', { agent, reason })
}
