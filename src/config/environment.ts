// The environment of this process. Nobody else reads it; components get what they need as arguments.

export type Environment = Readonly<Record<string, string | undefined>>

/** A copy as it is now; later changes of `process.env` do not show. */
export function systemEnvironment(): Environment {
  return Object.freeze({ ...process.env })
}
