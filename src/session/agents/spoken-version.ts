// Which version of ACP was agreed with an agent, from its capabilities as they are stored.

/** Undefined before an agent was ready. */
export function spokenVersion(capabilities: string | undefined): 1 | 2 | undefined {
  if (capabilities === undefined) return undefined
  return (JSON.parse(capabilities) as { protocol?: 2 }).protocol ?? 1
}
