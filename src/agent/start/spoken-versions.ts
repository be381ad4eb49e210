// Which version of ACP an agent is offered, and what came of it: who was offered two and speaks only one is asked once, for as long as
// the gateway lives. A version that the definition does not enable is never offered.

import type { ProtocolVersion } from '../../acp/initialize.ts'
import { isHoldfastError } from '../../base/errors.ts'
import { definitionDigest } from '../definition.ts'
import type { AgentDefinition } from '../definition.ts'

export class SpokenVersions {
  readonly #onlyFirst = new Set<string>()

  /** The one to offer first. */
  offerTo(definition: AgentDefinition): ProtocolVersion {
    const { protocol = 1 } = definition
    if (protocol !== 'auto') return protocol
    return this.#onlyFirst.has(definitionDigest(definition)) ? 1 : 2
  }

  /** Whether the failed offer of version 2 says that another process should be offered version 1; it is from now on. */
  fallsBack(definition: AgentDefinition, error: unknown): boolean {
    if (definition.protocol !== 'auto' || this.offerTo(definition) === 1) return false
    if (!isHoldfastError(error) || error.code !== 'AGENT_PROTOCOL_VERSION') return false
    const { speaks } = error.details
    if (!Array.isArray(speaks) || !speaks.includes(1)) return false
    this.#onlyFirst.add(definitionDigest(definition))
    return true
  }
}
