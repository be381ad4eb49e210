// What an agent writes in a long turn, as bytes: updates of tool calls as they come while a file is edited, and tokens.

export type UpdateKind = 'toolCall' | 'token'

export interface Recording {
  readonly count: number
  readonly bytes: Buffer
}

export const SESSION_ID = 'ses-0198f3a2-77c1-7c3b-9a55-2f1d3c0b9e10'

/** So many that one pass takes the fastest reader some tens of milliseconds. */
const COUNTS: Readonly<Record<UpdateKind, number>> = { toolCall: 4_000, token: 40_000 }

/** The same bytes at every call. A tool call's update has 2.4 KB, a token 150 bytes. */
export function record(kind: UpdateKind): Recording {
  const count = COUNTS[kind]
  const updateOf = kind === 'toolCall' ? toolCallUpdate : token
  const lines = Array.from({ length: count }, (_, n) => {
    const params = { sessionId: SESSION_ID, update: updateOf(n) }
    return `${JSON.stringify({ jsonrpc: '2.0', method: 'session/update', params })}\n`
  })
  return { count, bytes: Buffer.from(lines.join('')) }
}

function token(n: number): object {
  return { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: ` token${n % 100}` } }
}

const SOURCE = Array.from(
  { length: 9 },
  (_, n) => `  const total${n} = rows.reduce((sum, { bytes }) => sum + bytes, 0)\n`,
)
const PATH = '/home/user/project/src/report/totals.ts'

function toolCallUpdate(n: number): object {
  const oldText = SOURCE.join('')
  return {
    sessionUpdate: 'tool_call_update',
    toolCallId: `toolu_01H${String(n).padStart(9, '0')}`,
    title: `Edit \`${PATH}\``,
    kind: 'edit',
    status: n % 4 === 3 ? 'completed' : 'in_progress',
    content: [
      { type: 'diff', path: PATH, oldText, newText: oldText.replaceAll('total', `sum${n % 10}`) },
      { type: 'content', content: { type: 'text', text: `The file ${PATH} has been updated.\n${SOURCE[0]}` } },
    ],
    locations: [
      { path: PATH, line: 12 + (n % 80) },
      { path: PATH, line: 140 },
    ],
    rawInput: { file_path: PATH, old_string: SOURCE[1], new_string: SOURCE[2], replace_all: false },
    rawOutput: { ok: true, lines: 9, written: oldText.slice(0, 150) },
    _meta: { claudeCode: { toolName: 'Edit', parentToolUseId: null } },
  }
}
