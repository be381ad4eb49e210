// `holdfast sessions fork`: a new session that begins with what was said in another one.

import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'

export interface SessionsForkOptions {
  readonly key?: string
  readonly label?: string
}

export async function sessionsFork(
  context: CommandContext,
  { key, label }: SessionsForkOptions,
  idOrKey: string,
): Promise<number> {
  const { screen } = context
  using gateway = await openGateway(context)
  const body = { ...(key !== undefined && { key }), ...(label !== undefined && { label }) }
  const { session, created } = await gateway.client.forkSession(idOrKey, body)
  if (screen.json) screen.record({ session, created })
  else
    screen.print(created ? `forked ${idOrKey} as ${session.id}\n` : `${session.id} is a fork of ${idOrKey} already\n`)
  return EXIT.done
}
