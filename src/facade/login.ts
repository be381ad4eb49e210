// Logins of agents, as an editor can help with them: one method, which runs the editor's own command (`holdfast acp`) once more, in a
// terminal (F-10, F-11, F-37). The gateway itself has no login: whoever is connected has shown the token.

import { RPC_CODES } from '../acp/rpc.ts'
import type { RpcErrorBody } from '../acp/rpc.ts'
import { isJsonObject } from '../base/json.ts'
import type { JsonObject } from '../base/json.ts'
import type { EditorFacts } from './initialize.ts'
import type { Outcome } from './methods.ts'
import { invalidParams } from './rpc-errors.ts'

const TERMINAL_LOGIN: JsonObject = {
  id: 'holdfast-login',
  name: 'Log in to the agent',
  description: 'Runs the login of the agent that wants one, in a terminal.',
  type: 'terminal',
  args: ['--login'],
}

type CanLogIn = Pick<EditorFacts, 'canLogIn'>

/** `authMethods`: nothing for an editor that cannot run one. */
export function loginMethods({ canLogIn }: CanLogIn): JsonObject[] {
  return canLogIn ? [TERMINAL_LOGIN] : []
}

/** An agent of this machine that wants a login is -32000 for an editor that was offered one. Any other is a failure like all failures. */
export function asSeenBy({ canLogIn }: CanLogIn, body: RpcErrorBody): RpcErrorBody {
  const { code, details } = isJsonObject(body.data) ? body.data : {}
  const isElsewhere = isJsonObject(details) && details['elsewhere'] === true // no login of ours would help
  return canLogIn && code === 'AGENT_AUTH_REQUIRED' && !isElsewhere ? { ...body, code: RPC_CODES.authRequired } : body
}

/** Nothing that is offered is run by a request. */
export function authenticate(_: unknown, { methodId }: JsonObject): Promise<Outcome> {
  const isOurs = methodId === TERMINAL_LOGIN['id']
  return Promise.reject(invalidParams(isOurs ? 'this login runs in a terminal' : 'there is no such login method'))
}
