// Which way to log in: the one that was named, the only one, or the one that a person chooses from a list.

import type { CommandContext } from './context.ts'
import type { LoginMethodView } from './login-port.ts'
import { terminalLine } from './output/terminal-text.ts'
import { readLine } from './read-line.ts'
import { CancelledError } from '../base/errors.ts'
import { UsageError } from './usage-error.ts'

interface Choice {
  readonly agent: string
  readonly methods: readonly LoginMethodView[]
  /** As it was typed. */
  readonly wanted: string | undefined
  readonly help: string | undefined
}

/** Undefined when the agent tells of no way that could be run. */
export async function chooseMethod(
  context: CommandContext,
  { agent, methods, wanted, help }: Choice,
  signal: AbortSignal,
): Promise<LoginMethodView | undefined> {
  const usable = methods.filter(({ kind }) => kind !== 'unsupported')
  if (wanted !== undefined) return namedMethod(agent, methods, wanted)
  showUnsupported(context, methods)
  const [only] = usable
  if (usable.length < 2) return only
  if (!context.deps.terminal.stdinIsTty || context.screen.json)
    throw new UsageError(
      `${terminalLine(agent)} has several ways to log in: ${listMethods(usable).join(', ')}.`,
      'Name one with --method.',
    )
  if (help !== undefined) context.screen.note(`known of this agent: ${terminalLine(help, 300)}`)
  return ask(context, usable, signal)
}

/** Ids, for a line. */
export function listMethods(methods: readonly LoginMethodView[]): string[] {
  return methods.map(({ id }) => terminalLine(id, 60))
}

function namedMethod(agent: string, methods: readonly LoginMethodView[], wanted: string): LoginMethodView {
  const method = methods.find(({ id }) => id === wanted)
  if (method === undefined) {
    const usable = methods.filter(({ kind }) => kind !== 'unsupported')
    const known =
      usable.length === 0 ? 'It tells of none that can be run here.' : `It has: ${listMethods(usable).join(', ')}.`
    throw new UsageError(`${terminalLine(agent)} has no login method ${terminalLine(wanted, 60)}.`, known)
  }
  if (method.kind !== 'unsupported') return method
  throw new UsageError(`The login ${terminalLine(wanted, 60)} cannot be run here.`, unsupportedText(method))
}

function showUnsupported({ screen }: CommandContext, methods: readonly LoginMethodView[]): void {
  for (const method of methods)
    if (method.kind === 'unsupported') screen.note(`${terminalLine(method.name, 60)}: ${unsupportedText(method)}`)
}

function unsupportedText({ variables = [] }: LoginMethodView): string {
  const names = variables.map((name) => terminalLine(name, 60)).join(', ')
  return names === '' ? 'it is of a kind that is not known here' : `set ${names} where the gateway is started`
}

async function ask(
  { deps, screen }: CommandContext,
  methods: readonly LoginMethodView[],
  signal: AbortSignal,
): Promise<LoginMethodView> {
  for (const [index, { name, description }] of methods.entries()) {
    const more = description === undefined ? '' : `  ${terminalLine(description, 60)}`
    screen.err.write(`  ${index + 1}  ${terminalLine(name, 40)}${screen.errStyle.dim(more)}\n`)
  }
  screen.err.write(`which one? [1-${methods.length}] `)
  const line = await readLine(deps.terminal, signal)
  const chosen = /^\d{1,2}$/.test(line?.trim() ?? '') ? methods[Number(line) - 1] : undefined
  if (chosen !== undefined) return chosen
  if (line === undefined || line.trim() === '') throw new CancelledError('the login')
  throw new UsageError('That is none of them.', `Type a number from 1 to ${methods.length}.`)
}
