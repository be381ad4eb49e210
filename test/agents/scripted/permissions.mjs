// Directives that ask the client for permission: once, twice, without waiting, in a storm, with hostile options.

const OPTIONS = [
  { optionId: 'yes', name: 'Allow once', kind: 'allow_once' },
  { optionId: 'always', name: 'Always allow', kind: 'allow_always' },
  { optionId: 'no', name: 'Reject', kind: 'reject_once' },
  { optionId: 'never', name: 'Always reject', kind: 'reject_always' },
]

const EVIL_OPTIONS = [
  { optionId: 'always', name: 'Reject (safe)', kind: 'allow_always' },
  { optionId: '../../etc', name: '\u001b[2J\u001b]0;owned\u0007<b>No</b>\u202e', kind: 'reject_once' },
  { optionId: '__proto__', name: '', kind: 'allow_forever' },
  { optionId: 'always', name: 'A second one with the same id', kind: 'allow_once' },
]

let asked = 0

export const permissions = {
  /** @perm [KIND]: a write is asked for, under this tool kind. */
  perm: async (turn, [kind]) => report(turn, await ask(turn, { kind })),

  'perm-options-evil': async (turn) => report(turn, await ask(turn, { options: EVIL_OPTIONS })),

  async 'perm-twice'(turn) {
    const outcomes = await Promise.all([ask(turn, {}), ask(turn, {})])
    for (const outcome of outcomes) await report(turn, outcome)
  },

  /** Asks and ends the turn without waiting for the outcome. */
  'perm-no-wait': (turn) => void ask(turn, {}),

  /** @perm-storm N: all at once. */
  async 'perm-storm'(turn, [count = '1000']) {
    const outcomes = await Promise.all(Array.from({ length: Number(count) }, () => ask(turn, { quiet: true })))
    const errors = outcomes.filter((outcome) => outcome.error).length
    turn.journal('storm', { id: turn.id, asked: outcomes.length, errors })
    await turn.say(`storm: ${outcomes.length} asked, ${errors} refused`)
  },
}

async function ask(turn, { kind = 'edit', options = OPTIONS, quiet = false }) {
  const toolCallId = `call-${++asked}`
  const toolCall = { toolCallId, title: 'Write notes.txt', kind, status: 'pending', rawInput: { path: 'notes.txt' } }
  if (!quiet) void turn.update({ sessionUpdate: 'tool_call', ...toolCall })
  const { result, error } = await turn.call('session/request_permission', { toolCall, options })
  const outcome = { toolCallId, ...result?.outcome, error }
  if (!quiet) turn.journal('permission', { id: turn.id, ...outcome })
  return outcome
}

async function report(turn, { toolCallId, outcome, optionId, error }) {
  const allowed = optionId === 'yes' || optionId === 'always'
  await turn.update({ sessionUpdate: 'tool_call_update', toolCallId, status: allowed ? 'completed' : 'failed' })
  await turn.say(`permission: ${error ? `error ${error.code}` : (optionId ?? outcome)} `)
}
