// `holdfast queue ls|edit|mv|rm`: the prompts that wait in a session.

import { HoldfastError } from '../../base/errors.ts'
import type { TurnEdit } from '../../wire/turn.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'
import { queueTable } from '../output/session-text.ts'
import { readPrompt } from '../prompt-text.ts'
import { UsageError } from '../usage-error.ts'

export interface QueueEditOptions {
  readonly file?: string
  /** Seconds from now. */
  readonly expires?: number | 'never'
}

export interface QueueMvOptions {
  readonly to?: number
  readonly before?: string
}

export async function queueLs(context: CommandContext, _: object, session: string): Promise<number> {
  const { screen } = context
  using gateway = await openGateway(context)
  const { queued } = await gateway.client.getQueue(session)
  if (screen.json) for (const entry of queued) screen.record(entry)
  else if (queued.length === 0) screen.note('nothing waits')
  else screen.print(queueTable(queued, screen.style, Date.now()))
  return EXIT.done
}

export async function queueEdit(
  context: CommandContext,
  { file, expires }: QueueEditOptions,
  ...[session, turnId, words]: [session: string, turnId: string, words: string[]]
): Promise<number> {
  const { cwd, terminal } = context.deps
  const isText = words.length > 0 || file !== undefined
  if (!isText && expires === undefined)
    throw new UsageError('There is nothing to change.', 'Give a text, or --expires.')
  return change(context, session, turnId, {
    ...(isText && { prompt: await readPrompt({ words, file, cwd, terminal }) }),
    ...(expires !== undefined && { expires_at: expires === 'never' ? null : inSeconds(expires) }),
  })
}

export async function queueMv(
  context: CommandContext,
  { to = 0, before }: QueueMvOptions,
  ...[session, turnId]: [session: string, turnId: string]
): Promise<number> {
  return change(context, session, turnId, before === undefined ? { position: to } : { before })
}

/** Only what waits: a prompt that went out meanwhile is left alone. */
export async function queueRm(
  context: CommandContext,
  _: object,
  ...[session, turnId]: [session: string, turnId: string]
): Promise<number> {
  const { screen } = context
  using gateway = await openGateway(context)
  const { state } = await gateway.client.getTurn(session, turnId)
  if (state !== 'queued') throw new HoldfastError('TURN_NOT_QUEUED', { turn: turnId, state })
  const evidence = await gateway.client.cancel(session, turnId)
  if (screen.json) screen.record(evidence)
  else screen.print(`removed ${turnId}\n`)
  return EXIT.done
}

async function change(context: CommandContext, session: string, turnId: string, edit: TurnEdit): Promise<number> {
  const { screen } = context
  using gateway = await openGateway(context)
  const turn = await gateway.client.editTurn(session, turnId, edit)
  const { queued } = await gateway.client.getQueue(session)
  const position = queued.find((entry) => entry.turn.id === turnId)?.position
  if (screen.json) screen.record({ turn, position: position ?? null })
  else screen.print(`${turnId} ${position === undefined ? 'is out already' : `waits at position ${position}`}\n`)
  return EXIT.done
}

function inSeconds(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toISOString()
}
