// Which methods of ACP an editor may call, and what each is given. The methods themselves are in the files named after them.

import type { IncomingRequest, RpcId } from '../acp/peer.ts'
import type { SessionId, TurnId } from '../base/ids.ts'
import type { Json, JsonObject } from '../base/json.ts'
import type { AttachedSession, EditorPorts } from './attached-session.ts'
import { closeSession, deleteSession } from './end-session.ts'
import type { PromptContent } from './initialize.ts'
import { authenticate } from './login.ts'
import { listSessions } from './list-sessions.ts'
import type { OpenSessions } from './open-sessions.ts'
import { forkSession, loadSession, newSession, resumeSession } from './open-session.ts'
import { cancelPrompt, prompt } from './prompt.ts'
import { setConfigOption, setMode, setModel } from './set-option.ts'
import type { ConnectionWishes } from './ports.ts'

/** An editor that has initialised. */
export interface Editor extends EditorPorts {
  /** Advertised to it. */
  readonly content: PromptContent
  /** Sessions can be forked: advertised to it. */
  readonly forks: boolean
  readonly wishes: ConnectionWishes
  /** It came over the unix socket, which only our user can open. */
  readonly isSameUser: boolean
  readonly sessions: OpenSessions
  /** Prompts that are not answered yet, by the id of their request. */
  readonly prompts: Map<RpcId, { readonly sessionId: SessionId; turn: TurnId | undefined }>
  /** The same session in other editors. */
  others(id: SessionId): readonly AttachedSession[]
}

export type Outcome =
  /** `answered` runs right after the answer was written. */
  | { readonly kind: 'answer'; readonly result: Json; readonly answered?: () => void }
  /** The method answers by itself. */
  | { readonly kind: 'later' }

/** The request itself: its id, and the line that it came on. */
export type Asked = Pick<IncomingRequest, 'id' | 'raw'>

type Method = (editor: Editor, params: JsonObject, asked: Asked) => Promise<Outcome>

export const REQUESTS: Readonly<Record<string, Method>> = {
  authenticate,
  'session/new': newSession,
  'session/fork': forkSession,
  'session/load': loadSession,
  'session/resume': resumeSession,
  'session/list': listSessions,
  'session/close': closeSession,
  'session/delete': deleteSession,
  'session/prompt': prompt,
  'session/set_mode': setMode,
  'session/set_model': setModel,
  'session/set_config_option': setConfigOption,
}

export const NOTIFICATIONS: Readonly<Record<string, (editor: Editor, params: JsonObject) => Promise<void>>> = {
  'session/cancel': cancelPrompt,
}
