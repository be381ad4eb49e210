// What the options of `prompt` and `run` make of a prompt, as it is sent.

import type { HoldfastClient } from '../client/client.ts'
import type { PromptCreate } from '../wire/turn.ts'
import type { Lane } from './choices.ts'

export interface AdmissionOptions {
  readonly attach?: readonly string[]
  /** Seconds. */
  readonly deadline?: number
  readonly lane?: Lane
}

export interface PromptParts {
  readonly client: HoldfastClient
  readonly sessionId: string
  readonly text: string
  /** Where the command runs: attached files are relative to it. */
  readonly cwd: string
}

/** The parts of the body that both commands have. Asks the gateway what the agent takes only when something is attached. */
export async function promptBody(
  { client, sessionId, text, cwd }: PromptParts,
  { attach: files = [], deadline, lane }: AdmissionOptions,
): Promise<PromptCreate> {
  const admission = {
    ...(deadline !== undefined && { deadline_ms: Math.round(deadline * 1000) }),
    ...(lane !== undefined && { lane }),
  }
  if (files.length === 0) return { prompt: text, ...admission }
  const { attach } = await import('./attachments.ts')
  const { prompt_content: taken } = await client.getSession(sessionId)
  const blocks = await Promise.all(files.map((file) => attach({ file, cwd, taken })))
  return { prompt: [{ type: 'text', text }, ...blocks], ...admission }
}
