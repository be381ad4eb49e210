// What an agent says about itself and the session: its conversation, what it offers to choose from, the title. Kept for those who
// look at the session; nothing of it moves a turn.

import { controlsOf, updateControls } from '../../agent/control-plan.ts'
import type { Controls } from '../../agent/control-plan.ts'
import type { JsonObject } from '../../base/json.ts'
import type { SessionRecord } from '../../store/records.ts'
import type { Draft } from '../draft.ts'
import type { AgentInput } from '../input.ts'
import { hearCompaction } from '../turns/compaction.ts'

const TITLE_CHARS_MAX = 500

/** What the newest agent of the session has said that it offers; undefined before any has. */
export function offersOf({ terms }: Pick<SessionRecord, 'terms'>): Controls | undefined {
  return terms.controls === undefined ? undefined : controlsOf(terms.controls)
}

/** At its start: before its first turn, and before what it has refused can matter to one. */
export function keepOffers(draft: Draft, ready: Extract<AgentInput, { kind: 'agent.ready' }>): void {
  const { definitionDigest } = ready
  const controls = JSON.stringify(ready.controls)
  const { terms, active } = draft.state
  if (terms.controls !== controls || terms.definitionDigest !== definitionDigest)
    draft.agree({ controls, definitionDigest })
  for (const { error, ...refused } of ready.refused) {
    draft.event('option.refused', active?.turnId, error === undefined ? refused : { ...refused, error })
  }
}

/** A mode, config option, session info or compaction update. */
export function hearDescription(draft: Draft, update: JsonObject): void {
  const { sessionUpdate, title, compactionId } = update
  if (sessionUpdate === 'session_info_update') return keepTitle(draft, title)
  if (compactionId !== undefined) return hearCompaction(draft, update)
  const { controls } = draft.state.terms
  const text = JSON.stringify(updateControls(controlsOf(controls), update))
  if (text !== controls) draft.agree({ controls: text })
}

/** A patch: absent changes nothing, null clears. */
function keepTitle(draft: Draft, given: JsonObject[string] | undefined): void {
  if (given !== null && typeof given !== 'string') return
  const title = given?.slice(0, TITLE_CHARS_MAX)
  if (title !== draft.state.terms.title) draft.agree({ title })
}
