// Whether an agent that nobody configured can be started at all: asked before a session is made for it, so that nobody queues prompts
// for a program that is not there.

import type { AgentDefinition } from '../agent/definition.ts'
import type { Environment } from '../config/environment.ts'
import { resolveCommand } from '../process/resolve-command.ts'
import { environmentOf } from './agents.ts'

/** AGENT_COMMAND_MISSING, AGENT_COMMAND_UNUSABLE. What a person configured is judged at its start, as it may depend on the directory or the network. */
export async function checkAgent(own: Environment, definition: AgentDefinition): Promise<void> {
  if (definition.remote !== undefined) return
  const { name: agent, argv, source, isBundled } = definition
  if (source === 'config' || isBundled === true) return
  const path = environmentOf(own, definition)['PATH']
  await resolveCommand({ agent, command: argv[0], path, cwd: '/' })
}
