// Option values that have a fixed set, named once for the program and the commands.

export const ON_INTERRUPT = ['hold', 'continue', 'retry'] as const
export type OnInterrupt = (typeof ON_INTERRUPT)[number]

export const RESUME_ACTION = ['continue', 'retry', 'discard', 'fresh'] as const
export type ResumeAction = (typeof RESUME_ACTION)[number]

export const CONTINUITY = ['resume', 'fork', 'ask', 'fresh'] as const
export type Continuity = (typeof CONTINUITY)[number]

export const RESET_WHAT = ['options', 'conversation'] as const
export type ResetWhat = (typeof RESET_WHAT)[number]

export const WHEN_BUSY = ['queue', 'interrupt', 'steer', 'reject'] as const
export type WhenBusy = (typeof WHEN_BUSY)[number]

export const LANE = ['interactive', 'background', 'scheduled'] as const
export type Lane = (typeof LANE)[number]

export const NOTIFY = ['silent', 'done_only', 'state_changes', 'prompt'] as const

export const PERMISSION_MODE = ['ask', 'approve-reads', 'approve-all', 'deny-all'] as const
export type GatewayPermissionMode = (typeof PERMISSION_MODE)[number]

export const UNATTENDED = ['ask', 'deny', 'fail'] as const
export type Unattended = (typeof UNATTENDED)[number]

export const RULE_EFFECT = ['allow', 'ask', 'deny'] as const
/** ACP's kinds of tool calls. */
export const TOOL_KIND = [
  'read',
  'edit',
  'delete',
  'move',
  'search',
  'execute',
  'think',
  'fetch',
  'switch_mode',
  'other',
] as const
export type ToolKind = (typeof TOOL_KIND)[number]
export const RULE_SCOPE = ['session', 'agent', 'everywhere'] as const
export type RuleScope = (typeof RULE_SCOPE)[number]

export const WHEN_ALONE = ['deny', 'fail'] as const
export type WhenAlone = (typeof WHEN_ALONE)[number]
