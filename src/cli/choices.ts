// Option values that have a fixed set, named once for the program and the commands.

export const ON_INTERRUPT = ['hold', 'continue', 'retry'] as const
export type OnInterrupt = (typeof ON_INTERRUPT)[number]

export const RESUME_ACTION = ['continue', 'retry', 'discard'] as const
export type ResumeAction = (typeof RESUME_ACTION)[number]

export const NOTIFY = ['silent', 'done_only', 'state_changes', 'prompt'] as const

export const WHEN_ALONE = ['deny', 'fail'] as const
export type WhenAlone = (typeof WHEN_ALONE)[number]
