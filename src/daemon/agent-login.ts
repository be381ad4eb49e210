// What `holdfast agents login` and `logout` need: the agent as its definition says it is started, and an empty directory for the proof.
// Runs in the process of the command: nothing that comes over the network can start a login.

import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { LoginMethod } from '../acp/login-methods.ts'
import { findCatalogEntry } from '../agent/catalog/catalog.ts'
import { HoldfastError } from '../base/errors.ts'
import { Ground } from '../conformance/ground.ts'
import { AgentLogin } from '../login/agent-login.ts'
import { environmentOf } from './agents.ts'
import { findDefinitionHere } from './definition-here.ts'

export interface LoginChoice {
  /** Name of an agent. */
  readonly agent: string
  /** Where it is started: a relative command is meant from here. */
  readonly cwd: string
  /** Bound of the login itself, in milliseconds. */
  readonly loginMs: number
  readonly signal: AbortSignal
  hear(chunk: Uint8Array): void
}

export interface OpenedLogin extends AsyncDisposable {
  /** As its definition says. */
  readonly agent: string
  /** What is known of its login besides what it says itself. */
  readonly help: string | undefined
  look(): Promise<{ readonly methods: readonly LoginMethod[]; readonly canLogOut: boolean }>
  logIn(method: LoginMethod): Promise<void>
  logOut(): Promise<void>
  prove(): Promise<boolean>
}

/** AGENT_UNKNOWN, AGENT_UNSUPPORTED for one that is elsewhere, AGENT_COMMAND_MISSING, CONFIG_INVALID. No agent is started yet. */
export async function openAgentLogin(version: string, choice: LoginChoice): Promise<OpenedLogin> {
  const { agent: name, signal, loginMs, hear } = choice
  const { definition, config, env } = findDefinitionHere(name)
  if (definition === undefined) throw new HoldfastError('AGENT_UNKNOWN', { agent: name })
  if (definition.remote !== undefined)
    throw new HoldfastError('AGENT_UNSUPPORTED', {
      agent: definition.name,
      method: 'a login from here: it is elsewhere',
    })
  await using scope = new AsyncDisposableStack()
  const cwd = await realpath(await mkdtemp(join(tmpdir(), 'holdfast-login-')))
  scope.defer(() => rm(cwd, { recursive: true, force: true, maxRetries: 3 }))
  const command = { argv: definition.argv, env: environmentOf(env, definition), cwd: choice.cwd }
  const ground = scope.use(await Ground.open(command, definition.name))
  const { initializeMs: stepMs } = config.deadlines
  const login = new AgentLogin(ground, { agent: definition.name, version, cwd, loginMs, stepMs, signal, hear })
  const opened = scope.move()
  return {
    agent: definition.name,
    help: findCatalogEntry(definition.name)?.login.how,
    look: () => login.look(),
    logIn: (method) => login.logIn(method),
    logOut: () => login.logOut(),
    prove: () => login.prove(),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}
