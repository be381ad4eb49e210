// `holdfast agents login` and `logout`: a person logs in to an agent, here and now. What is running hears of it afterwards.

import { StringDecoder } from 'node:string_decoder'

import { HoldfastError } from '../../base/errors.ts'
import type { LoginChanged } from '../../wire/agent-login.ts'
import type { CommandContext } from '../context.ts'
import { codeOf } from '../error-code.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'
import { interruptSignal } from '../interrupt-signal.ts'
import type { LoginMethodView, LoginPort } from '../login-port.ts'
import { chooseMethod, listMethods } from '../login-choice.ts'
import { terminalLine, terminalText } from '../output/terminal-text.ts'

export interface AgentsLoginOptions {
  readonly method?: string
  /** Seconds. */
  readonly timeout: number
}

export async function agentsLogin(context: CommandContext, options: AgentsLoginOptions, name: string): Promise<number> {
  const { deps, screen } = context
  using interrupted = interruptSignal(deps)
  const { signal } = interrupted
  await using port = await open(context, name, { loginMs: options.timeout * 1_000, signal })
  const { methods } = await port.look()
  const method = await chooseMethod(
    context,
    { agent: port.agent, methods, wanted: options.method, help: port.help },
    signal,
  )
  if (method !== undefined) {
    screen.note(`logging in to ${terminalLine(port.agent)}: ${terminalLine(method.name, 60)}`)
    await port.logIn(method)
  }
  if (!(await port.prove())) throw stillNeeded(port, methods, method)
  const told = await tellGateway(context, port.agent, true)
  if (screen.json)
    screen.record({ agent: port.agent, method: method?.id ?? null, logged_in: true, ...toldRecord(told) })
  else {
    const proof = `${terminalLine(port.agent)} opens sessions`
    screen.print(method === undefined ? `${proof}; no login is needed\n` : `logged in: ${proof}\n`)
    sayTold(context, told)
  }
  return EXIT.done
}

export async function agentsLogout(context: CommandContext, _: unknown, name: string): Promise<number> {
  const { deps, screen } = context
  using interrupted = interruptSignal(deps)
  await using port = await open(context, name, { loginMs: 0, signal: interrupted.signal })
  await port.logOut()
  const told = await tellGateway(context, port.agent, false)
  if (screen.json) screen.record({ agent: port.agent, logged_in: false, ...toldRecord(told) })
  else {
    screen.print(`logged out of ${terminalLine(port.agent)}\n`)
    sayTold(context, told)
  }
  return EXIT.done
}

function open(
  { deps, screen }: CommandContext,
  agent: string,
  { loginMs, signal }: { readonly loginMs: number; readonly signal: AbortSignal },
): Promise<LoginPort> {
  const decoder = new StringDecoder('utf8')
  const hear = (chunk: Uint8Array): void => {
    screen.err.write(terminalText(decoder.write(Buffer.from(chunk))))
  }
  return deps.openLogin({ agent, cwd: deps.cwd, loginMs, signal, hear })
}

function stillNeeded(
  { agent, help }: LoginPort,
  methods: readonly LoginMethodView[],
  method: LoginMethodView | undefined,
): HoldfastError {
  const known = help === undefined ? '' : `; ${help}`
  const reason =
    method === undefined ? `it tells of no way that can be run here${known}` : 'after the login it still wants one'
  return new HoldfastError('AGENT_AUTH_REQUIRED', { agent, reason, methods: listMethods(methods) })
}

/** Undefined when no gateway runs: then nobody has an old login. */
async function tellGateway(
  context: CommandContext,
  agent: string,
  isLoggedIn: boolean,
): Promise<LoginChanged | undefined> {
  try {
    using gateway = await openGateway({ ...context, mayStart: false })
    return await gateway.client.tellLogin(agent, { logged_in: isLoggedIn })
  } catch (error) {
    if (codeOf(error) === 'GATEWAY_UNREACHABLE') return undefined
    context.screen.note(`the gateway was not told: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
}

function toldRecord(told: LoginChanged | undefined): { retired: number; resumed: readonly string[] } {
  return { retired: told?.retired ?? 0, resumed: told?.resumed ?? [] }
}

function sayTold({ screen }: CommandContext, told: LoginChanged | undefined): void {
  if (told === undefined) return
  const { resumed, retired } = told
  if (resumed.length > 0)
    screen.note(`${counted(resumed.length, 'session')} that had waited ${resumed.length === 1 ? 'goes' : 'go'} on`)
  if (retired > 0) screen.note(`${counted(retired, 'agent process', 'agent processes')} with the old login will end`)
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
