// `holdfast run`: one prompt in a session of its own. The session ends with its turn; it is closed here too, whatever happened.

import path from 'node:path'

import type { HoldfastClient } from '../../client/client.ts'
import type { CommandContext } from '../context.ts'
import { openGateway } from '../gateway.ts'
import { promptBody } from '../prompt-body.ts'
import type { AdmissionOptions } from '../prompt-body.ts'
import { readPrompt } from '../prompt-text.ts'
import { runTurn } from '../run-turn.ts'
import type { TurnOptions } from '../run-turn.ts'
import { sendPrompt } from '../send-prompt.ts'
import { onlyAgent } from '../session-choice.ts'

export async function run(
  context: CommandContext,
  options: TurnOptions & AdmissionOptions,
  words: string[],
): Promise<number> {
  const { cwd: here, terminal } = context.deps
  const text = await readPrompt({ words, file: options.file, cwd: here, terminal })
  using gateway = await openGateway(context)
  const { client } = gateway
  const agent = options.agent ?? (await onlyAgent(client))
  const cwd = path.resolve(here, options.cwd ?? '.')
  const { permissionMode, unattended } = options
  const permissions = permissionMode === undefined ? {} : { permission_mode: permissionMode }
  const continuity = options.continuity === undefined ? {} : { continuity: options.continuity }
  const { session } = await client.createSession({ agent, cwd, mode: 'oneshot', ...continuity, ...permissions })
  try {
    const body = await promptBody({ client, sessionId: session.id, text, cwd: here }, options)
    const sent = await sendPrompt(context, {
      client,
      session,
      body: { ...body, ...(unattended !== undefined && { unattended }) },
      leaves: false,
    })
    return await runTurn(context, { client, session, options, ...sent })
  } finally {
    await close(context, client, session.id)
  }
}

async function close({ screen }: CommandContext, client: HoldfastClient, sessionId: string): Promise<void> {
  try {
    await client.closeSession(sessionId)
  } catch (error) {
    screen.note(`session ${sessionId} could not be closed: ${error instanceof Error ? error.message : String(error)}`)
  }
}
