// Slash commands: which there are, and which one a prompt is. What they do is the session's.

import type { JsonObject } from '../../../src/base/json.ts'

export const COMMAND_NAMES = ['help', 'compact', 'model', 'mode', 'thinking'] as const

export type CommandName = (typeof COMMAND_NAMES)[number]

export interface Command {
  readonly name: CommandName
  /** What comes after the name. */
  readonly input: string
}

const DESCRIPTIONS: Readonly<Record<CommandName, { readonly description: string; readonly hint?: string }>> = {
  help: { description: 'Say what can be typed here' },
  compact: { description: 'Summarise the conversation, to make room', hint: 'what to keep above all' },
  model: { description: 'Show the models, or change the model', hint: 'provider/model' },
  mode: { description: 'Show the modes, or change the mode', hint: 'ask, code or plan' },
  thinking: { description: 'Show or change how much the model thinks', hint: 'off, low, medium, high …' },
}

/** As ACP lists them. */
export function listCommands(): JsonObject[] {
  return COMMAND_NAMES.map((name) => {
    const { description, hint } = DESCRIPTIONS[name]
    return { name, description, ...(hint === undefined ? {} : { input: { hint } }) }
  })
}

/** Undefined when the prompt is none of ours: a path begins with a slash, too. */
export function commandOf(text: string): Command | undefined {
  const match = /^\/([a-z]+)(?:\s+([^]*))?$/.exec(text.trim())
  const name = COMMAND_NAMES.find((known) => known === match?.[1])
  return name === undefined ? undefined : { name, input: (match?.[2] ?? '').trim() }
}

export function helpText(): string {
  const lines = COMMAND_NAMES.map((name) => `- /${name}: ${DESCRIPTIONS[name].description}`)
  return `Commands:\n\n${lines.join('\n')}\n\nEverything else goes to the model.`
}
