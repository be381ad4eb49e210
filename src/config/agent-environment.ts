// The environment of an agent: an allow-list of ours plus what its definition names (reliability 7.1).
// Never our own secrets, nothing that changes how programs are loaded, nothing of our supervisor.

import type { Environment } from './environment.ts'

const PASSED = new Set(['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'TERM', 'TZ', 'TMPDIR'])
const PASSED_PREFIXES = ['LC_', 'XDG_']
const NEVER = new Set(['NODE_OPTIONS', 'NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'])
const NEVER_PREFIXES = ['HOLDFAST_', 'LD_', 'DYLD_', 'LISTEN_']

/** True for a variable that no agent gets, not even when its definition names it. */
export function isNeverPassed(name: string): boolean {
  return NEVER.has(name) || NEVER_PREFIXES.some((prefix) => name.startsWith(prefix))
}

/**
 * The complete environment of an agent. `defined` is the `env` of its definition; a value `env:NAME` stands for the variable NAME
 * of the gateway and is left out when that is not set, so that no secret has to be in the file.
 */
export function agentEnvironment(own: Environment, defined: Readonly<Record<string, string>>): Record<string, string> {
  const result: Record<string, string> = {}
  for (const [name, value] of Object.entries(own)) {
    if (value !== undefined && isPassed(name)) result[name] = value
  }
  for (const [name, value] of Object.entries(defined)) {
    if (isNeverPassed(name)) continue
    const given = valueIn(own, value)
    if (given !== undefined) result[name] = given
  }
  return result
}

const REFERENCE = 'env:'

/** `value`, or for `env:NAME` that of the variable; undefined when it is not set. */
export function valueIn(own: Environment, value: string): string | undefined {
  return value.startsWith(REFERENCE) ? own[value.slice(REFERENCE.length)] : value
}

/** What the agent that we bundle understands: keys of providers, their addresses, and how to reach them. */
const BUILT_IN = new Set([
  'ANTHROPIC_API_KEY',
  'ANTHROPIC_BASE_URL',
  'OPENAI_API_KEY',
  'OPENAI_BASE_URL',
  'GEMINI_API_KEY',
  'GOOGLE_API_KEY',
  'GOOGLE_GEMINI_BASE_URL',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'NODE_USE_ENV_PROXY',
  'NODE_EXTRA_CA_CERTS',
])
const BUILT_IN_PREFIX = 'HOLDFAST_AGENT_'

/** True for a variable that only the agent that we bundle gets. */
export function isForBuiltIn(name: string): boolean {
  return name.startsWith(BUILT_IN_PREFIX)
}

/** The environment of the agent that we bundle: that of any agent, what is meant for it, and what its entry names; `env:` as above. */
export function builtInAgentEnvironment(
  own: Environment,
  defined: Readonly<Record<string, string>>,
): Record<string, string> {
  const isMeant = (name: string): boolean => BUILT_IN.has(name) || isForBuiltIn(name)
  const meant = Object.keys(own).filter(isMeant)
  const named = { ...Object.fromEntries(meant.map((name) => [name, REFERENCE + name])), ...defined }
  const result = agentEnvironment(own, named)
  for (const [name, value] of Object.entries(named)) {
    const given = isForBuiltIn(name) ? valueIn(own, value) : undefined
    if (given !== undefined) result[name] = given
  }
  return result
}

function isPassed(name: string): boolean {
  return !isNeverPassed(name) && (PASSED.has(name) || PASSED_PREFIXES.some((prefix) => name.startsWith(prefix)))
}
