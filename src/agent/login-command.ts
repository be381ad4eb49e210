// What a person types to log in to an agent.

/** For a shell: the name of an agent needs no quotes, see the patterns of names. */
export function loginCommand(agent: string): string {
  return `holdfast agents login ${agent}`
}
