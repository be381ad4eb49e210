// Child of transcripts.test.ts: writes a transcript until the file may not grow any more, then once more in the same hold and once in
// another. Prints what each came to. Arguments: state directory, id.

import { HoldfastError } from '../../src/base/errors.ts'
import type { TranscriptId } from '../../builtin-agent/src/transcript/port.ts'
import { FileTranscriptStore } from '../../builtin-agent/src/transcript/store.ts'

const ENTRY = { type: 'message', body: { text: 'x'.repeat(3_000) } }
const SMALL = { type: 'message', body: { text: 'small' } }
const [directory, id] = process.argv.slice(2) as [string, TranscriptId]

const codeOf = (error: unknown): string => (error instanceof HoldfastError ? error.code : String(error))

const store = new FileTranscriptStore(directory, { diagnose: () => {} })
const transcript = await store.open(id)
const attempt = await transcript.begin()
let stored = 0
const outcomes = await attempt.hold('fill', (held) =>
  [ENTRY, SMALL].map((entry) => {
    try {
      for (;;) {
        held.append([entry])
        stored++
      }
    } catch (error) {
      return codeOf(error)
    }
  }),
)
outcomes.push(await attempt.append([SMALL]).then(() => 'written', codeOf))
console.log(JSON.stringify({ stored, outcomes }))
