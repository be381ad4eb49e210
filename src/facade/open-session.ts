// session/new, session/load, session/resume: one attachment each; they differ in what is told before the answer.

import { realpath } from 'node:fs/promises'

import { RPC_CODES } from '../acp/rpc.ts'
import type { JsonObject } from '../base/json.ts'
import { isJsonObject } from '../base/json.ts'
import { REQUEST_KEY_CHARS_MAX } from '../session/service.ts'
import type { SessionRequest, SessionStatus } from '../session/service.ts'
import type { AttachedSession, Attachment } from './attached-session.ts'
import { choicesOf } from './choices.ts'
import type { ChoicesView } from './choices.ts'
import { defaultAgent, lastKnownOffers } from './last-known.ts'
import { readGiven, readNames } from './given-equipment.ts'
import { META, metaOf, metaText } from './meta.ts'
import type { Editor, Outcome } from './methods.ts'
import { cwdParam, sessionIdParam } from './params.ts'
import { invalidParams, Refusal, sessionNotFound } from './rpc-errors.ts'

type From = Omit<Attachment, 'no' | 'id'>

/** With a key (`_meta`) that is in use it is that session, without its history; sent again, it is the session that it made. */
export async function newSession(editor: Editor, params: JsonObject): Promise<Outcome> {
  const cwd = cwdParam(params)
  const request = sessionRequest(editor, params, cwd)
  const { status, created } = await editor.service.ensure(request)
  if (!created) await editor.service.equip(status.session.id, request)
  const { id, lastSeq } = status.session
  return open(editor, status, { after: lastSeq, barrier: lastSeq, goesOn: false }, { sessionId: id })
}

/** The whole conversation, then the answer, then what happens (F-16, F-19). */
export async function loadSession(editor: Editor, params: JsonObject): Promise<Outcome> {
  const found = await openable(editor, params)
  const status = await equip(editor, found, readGiven(editor, params))
  return open(editor, status, { after: 0, barrier: status.session.lastSeq, goesOn: false }, {})
}

/** Nothing before the answer (F-20). With `holdfast/after` in `_meta`: then everything since that event. */
export async function resumeSession(editor: Editor, params: JsonObject): Promise<Outcome> {
  const found = await openable(editor, params)
  const status = await equip(editor, found, readGiven(editor, params, true))
  const { id, lastSeq } = status.session
  const after = metaOf(params)[META.after]
  if (after === undefined) return open(editor, status, { after: lastSeq, barrier: lastSeq, goesOn: false }, {})
  if (typeof after !== 'number' || !Number.isSafeInteger(after) || after < 0 || after > lastSeq)
    throw invalidParams(`${META.after} is not an event of this session`)
  const waiting = await editor.service.permissions({ sessionId: id, state: 'open' }, 64)
  const asked = await editor.elicitations.list({ sessionId: id, state: 'open' }, 64)
  const meta = { _meta: { [META.permissions]: [...waiting, ...asked].map((request) => request.id) } }
  return open(editor, status, { after, barrier: after, goesOn: true }, meta)
}

/** Nothing given leaves all as it is; so does what is given again. */
async function equip(
  { service }: Editor,
  status: SessionStatus,
  given: ReturnType<typeof readGiven>,
): Promise<SessionStatus> {
  return given === undefined ? status : service.equip(status.session.id, { given })
}

/** A new session of the same agent, with what was said in this one; without its history, as a new one. In its directory only. */
export async function forkSession(editor: Editor, params: JsonObject): Promise<Outcome> {
  if (!editor.forks) throw new Refusal(RPC_CODES.methodNotFound, 'Method not found', { method: 'session/fork' })
  const source = await openable(editor, params)
  const given = readGiven(editor, params)
  const { status } = await editor.service.fork(source.session.id, {
    ...(given !== undefined && { given }),
    ...namesOf(params),
  })
  const { id, lastSeq } = status.session
  return open(editor, status, { after: lastSeq, barrier: lastSeq, goesOn: false }, { sessionId: id })
}

async function open(editor: Editor, status: SessionStatus, at: From, fields: JsonObject): Promise<Outcome> {
  const { no, id } = status.session
  const from = fromTold(editor.sessions.get(id), at)
  const attached = editor.sessions.attach(editor, { no, id, ...from })
  const choices = await choicesFor(editor, status)
  attached.state.wasTold(choices)
  await attached.isReplayed
  // Whoever comes back goes on from here.
  const meta = { _meta: { ...metaOf(fields), [META.seq]: from.barrier } }
  return { kind: 'answer', result: { ...fields, ...choices, ...meta }, answered: () => attached.release() }
}

/** Without its history a session begins with now; for an editor that has it open, with what is still on its way to it. */
function fromTold(former: AttachedSession | undefined, at: From): From {
  if (former === undefined || at.goesOn || at.after < at.barrier) return at
  const told = Math.min(former.toldTo, at.barrier)
  return { ...at, after: told, barrier: told }
}

/** Of an agent that was not started for this session yet: what it offered in another one, until it says so itself. */
export async function choicesFor(editor: Editor, status: SessionStatus): Promise<ChoicesView> {
  const { booleans } = editor.facts.shows
  const own = choicesOf(status, booleans)
  if (own.modes !== undefined || own.configOptions !== undefined) return own
  return choicesOf(status, booleans, await lastKnownOffers(editor, status.session.agent))
}

/** A session that is there, not closed, and of the directory that the editor says. */
async function openable(editor: Editor, params: JsonObject): Promise<SessionStatus> {
  const id = sessionIdParam(params)
  const cwd = params['cwd'] === undefined ? undefined : cwdParam(params)
  const status = await editor.service.get(id)
  if (status.session.state !== 'open') throw sessionNotFound(id)
  const isElsewhere = cwd !== undefined && cwd !== status.session.cwd && (await realPath(cwd)) !== status.session.cwd
  if (isElsewhere) throw invalidParams(`the session works in another directory: ${status.session.cwd}`)
  return status
}

export function realPath(path: string): Promise<string> {
  return realpath(path).catch(() => path)
}

function sessionRequest(editor: Editor, params: JsonObject, cwd: string): SessionRequest {
  const agent = metaText(params, META.agent) ?? editor.wishes.agent ?? defaultAgent(editor)
  if (agent === undefined) throw invalidParams('there is no agent; add one to the configuration')
  const options = metaOf(params)[META.options]
  const given = readGiven(editor, params)
  return {
    agent,
    cwd,
    onInterrupt: 'continue', // an editor hears of an interruption as an error; its next prompt is the decision
    ...namesOf(params),
    ...(isJsonObject(options) && { options }),
    ...(given && { given }),
    ...readNames(params),
  }
}

/** What the session, and this request, are called. */
function namesOf(params: JsonObject): Pick<SessionRequest, 'key' | 'label' | 'parent' | 'requestKey'> {
  const [key, label, parent] = [META.key, META.title, META.parent].map((name) => metaText(params, name))
  const requestKey = metaText(params, META.idempotencyKey)
  if (requestKey !== undefined && requestKey.length > REQUEST_KEY_CHARS_MAX)
    throw invalidParams(`${META.idempotencyKey} has more than ${REQUEST_KEY_CHARS_MAX} characters`)
  return {
    ...(key !== undefined && { key }),
    ...(label !== undefined && { label }),
    ...(parent !== undefined && { parent }),
    ...(requestKey !== undefined && { requestKey }),
  }
}
