// session/prompt and session/cancel. A prompt is one of ours: stored before anything else, queued behind those of others, and
// answered when its turn has ended and everything in it was told.

import type { RpcId } from '../acp/peer.ts'
import { HoldfastError } from '../base/errors.ts'
import { memberText } from '../base/json-text.ts'
import { isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json.ts'
import { META_CHARS_MAX } from '../session/service.ts'
import type { PromptAccepted, PromptRequest, SessionStatus, WhenBusy } from '../session/service.ts'
import { contentTakenBy } from '../session/turns/check-prompt.ts'
import type { AttachedSession } from './attached-session.ts'
import { asSeenBy } from './login.ts'
import { META, metaOf, metaText, textWithoutOurs, withoutOurs } from './meta.ts'
import type { Asked, Editor, Outcome } from './methods.ts'
import { sessionIdParam } from './params.ts'
import { invalidParams, sessionNotFound } from './rpc-errors.ts'
import type { TurnEnd } from './turn-end.ts'

export async function prompt(editor: Editor, params: JsonObject, { id, raw }: Asked): Promise<Outcome> {
  const sessionId = sessionIdParam(params)
  const request = { ...promptRequest(params), ...metaFor(params, raw) }
  const open = { sessionId, turn: undefined as PromptAccepted['turn']['id'] | undefined }
  editor.prompts.set(id, open)
  try {
    const attached = editor.sessions.get(sessionId) ?? (await attach(editor, sessionId))
    const onEnd = (end: TurnEnd): void => {
      editor.prompts.delete(id)
      answer(editor, id, end, open.turn)
    }
    const accept = async (): Promise<PromptAccepted> => {
      refuse(editor, await editor.service.get(sessionId), request.prompt)
      const accepted = await editor.service.prompt(sessionId, request)
      open.turn = accepted.turn.id
      return accepted
    }
    await attached.prompt(accept, onEnd)
    return { kind: 'later' }
  } catch (error) {
    editor.prompts.delete(id)
    throw error
  }
}

/**
 * The prompts of this editor, queued or running; if it has none, the turn that runs (F-41). What another client has queued is not
 * touched.
 */
export async function cancelPrompt({ sessions, service }: Editor, params: JsonObject): Promise<void> {
  const id = sessionIdParam(params)
  const attached = sessions.get(id)
  await attached?.accepted()
  const own = attached?.ownTurns ?? []
  if (own.length === 0) await service.cancel(id)
  // The last first: otherwise the next one would begin in between.
  for (const turn of own.toReversed()) await service.cancel(id, turn)
}

/** A session that the editor knows from somewhere else: without its history, as resume does. */
async function attach(editor: Editor, sessionId: string): Promise<AttachedSession> {
  const { session } = await editor.service.get(sessionId)
  if (session.state !== 'open') throw sessionNotFound(sessionId)
  const opened = editor.sessions.get(sessionId) // by a request that came meanwhile
  if (opened !== undefined) return opened
  const { no, id, lastSeq } = session
  const attached = editor.sessions.attach(editor, { no, id, after: lastSeq, barrier: lastSeq, goesOn: false })
  attached.release()
  return attached
}

function promptRequest(params: JsonObject): PromptRequest {
  const idempotencyKey = metaText(params, META.idempotencyKey)
  const whenBusy = metaOf(params)[META.whenBusy]
  if (whenBusy !== undefined && !WHEN_BUSY.has(whenBusy))
    throw invalidParams(`${META.whenBusy} is not one of ${[...WHEN_BUSY].join(', ')}`)
  return {
    prompt: blocksOf(params['prompt']),
    onInterrupt: 'continue',
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(whenBusy !== undefined && { whenBusy: whenBusy as WhenBusy }),
  }
}

/** F-38, C-79: what of `_meta` is not for us goes to the agent as the editor wrote it. */
function metaFor(params: JsonObject, raw: string): Pick<PromptRequest, 'meta'> {
  if (Object.keys(withoutOurs(metaOf(params))).length === 0) return {}
  const meta = textWithoutOurs(memberText(raw, 'params', '_meta') ?? '{}')
  if (meta !== undefined && meta.length > META_CHARS_MAX) throw invalidParams('_meta is too large')
  return { ...(meta !== undefined && { meta }) }
}

const WHEN_BUSY = new Set<unknown>(['queue', 'interrupt', 'reject'] satisfies WhenBusy[])

/** F-31 */
function blocksOf(blocks: Json | undefined): JsonObject[] {
  if (!Array.isArray(blocks) || blocks.length === 0) throw invalidParams('prompt is not a list of content blocks')
  if (!blocks.every(isJsonObject)) throw invalidParams('prompt has an item that is no content block')
  return blocks
}

/** F-30: content that was not advertised, unless the agent of this session is known to take it. F-36: a queue that somebody has to free first. */
function refuse({ content }: Editor, { session }: SessionStatus, blocks: readonly JsonObject[]): void {
  if (session.state !== 'open') throw sessionNotFound(session.id)
  const advertised = [content.image && 'image', content.audio && 'audio', content.embeddedContext && 'resource']
  const taken = new Set<unknown>(['text', 'resource_link', ...advertised, ...(contentTakenBy(session) ?? [])])
  const refused = blocks.find(({ type }) => !taken.has(type))
  if (refused !== undefined) {
    const { type: contentType = 'untyped' } = refused
    throw new HoldfastError('PROMPT_UNSUPPORTED_CONTENT', { agent: session.agent, contentType })
  }
  const { login } = session.terms
  if (login !== undefined) {
    const reason = 'a prompt of another client waits for it'
    const where = login.isElsewhere ? { elsewhere: true } : {}
    throw new HoldfastError('AGENT_AUTH_REQUIRED', { agent: session.agent, reason, ...where })
  }
  if (session.blockedBy === undefined && !session.terms.conversation.isLost) return
  const { isLost } = session.terms.conversation
  const reason = isLost ? 'the agent has lost its conversation' : 'a turn was interrupted'
  const actions = isLost ? 'fresh' : 'continue'
  throw new HoldfastError('SESSION_BLOCKED', { session: session.id, reason, actions })
}

function answer({ peer, facts }: Editor, id: RpcId, end: TurnEnd, turn: string | undefined): void {
  if (end.kind === 'failed') return peer.respondError(id, asSeenBy(facts, end.error))
  peer.respond(id, { stopReason: end.stopReason, ...(turn !== undefined && { _meta: { [META.turn]: turn } }) })
}
