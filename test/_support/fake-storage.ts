// A database of nobody: for tests of the API that are about something else.

import type { StoragePort } from '../../src/api/ports.ts'

export const NO_STORAGE: StoragePort = {
  backUp: () => Promise.resolve({ bytes: 0, quarantined: 0 }),
  verify: () => Promise.resolve([]),
  salvageEvents: (_no, after) => Promise.resolve({ entries: [], nextAfter: after, isEnd: true }),
}
