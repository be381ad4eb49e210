// What people and parents see of a session that nobody has said anything about.

import type { SessionFamily } from '../../src/store/records.ts'

export const NO_FAMILY: SessionFamily = { label: undefined, parent: undefined, notify: 'done_only' }
