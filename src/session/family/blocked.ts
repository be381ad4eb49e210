// Whether a turn that was completed could do what it was asked to. What the protocol says comes first, the agent's words last.

export interface Evidence {
  readonly stopReason: string | undefined
  /** A request that was refused, in the words of its tool call. */
  readonly refused: string | undefined
  /** Some request was allowed: then the agent had a way to go on. */
  readonly isAllowed: boolean
  /** The last message. */
  readonly words: string
}

/** One way in which agents say that they were not allowed to work. `path`: what the group of that name has caught. */
interface Phrase {
  readonly says: RegExp
  readonly reason: (path: string | undefined) => string
}

/**
 * All of them speak of the present, and of the agent: a message that tells how a "permission denied" was mended is none. A miss is
 * an ordinary success with its summary; a false hit would hide a result. So when in doubt a phrase is left out.
 */
const PHRASES: readonly Phrase[] = [
  {
    says: /\b(?:cannot|can't|could not|couldn't|unable to|failed to)\b[^\n]{0,160}?\bpermission (?:was |is )?denied\b(?:[^\n]{0,40}?(?<path>\/[^\s'"`),;]+))?/i,
    reason: (path) => (path === undefined ? 'permission denied' : `permission denied: ${path}`),
  },
  {
    says: /\bI (?:do not|don't|did not|didn't) have (?:the |any |write |read )*(?:permissions?|access|authori[sz]ation)\b/i,
    reason: () => 'the agent says that it has no permission',
  },
  {
    says: /\b(?:cannot|can't|could not|couldn't|unable to)\b[^\n]{0,160}?\bread-only\b|\b(?:needs?|requires?) a writ(?:e)?able session\b/i,
    reason: () => 'the session is read-only',
  },
  {
    says: /\b(?:needs?|requires?|waiting for|awaiting) (?:your |explicit |file ?system |write )*(?:authori[sz]ation|permission|approval)\b/i,
    reason: () => 'the agent waits for an authorisation',
  },
  {
    says: /\bapply_patch\b[^\n]{0,80}?\b(?:denied|rejected|refused|not (?:allowed|permitted|available))\b/i,
    reason: () => 'apply_patch was refused',
  },
]

/** Why the work is blocked; undefined when nothing says that it is. */
export function blockedReason({ stopReason, refused, isAllowed, words }: Evidence): string | undefined {
  if (stopReason === 'refusal') return 'the agent refused'
  if (refused !== undefined && !isAllowed) return `permission was refused: ${refused}`
  for (const { says, reason } of PHRASES) {
    const found = says.exec(words)
    if (found !== null) return reason(found.groups?.['path'])
  }
  return undefined
}
