// One machine: hints go to listeners of this process, and the one node is this process for as long as it lives.

import type { SessionNo } from './records.ts'
import type { NodeRecord, Nodes, Wake } from './store.ts'

/** The node's name on one machine; written to every session row. */
export const LOCAL_NODE = 'local'

/** Hints are delivered in a microtask, never inside `hint`. */
export function createLocalWake(): Wake {
  const listeners = new Set<(sessionNo: SessionNo) => void>()
  return {
    hint: (sessionNo) => queueMicrotask(() => listeners.forEach((listener) => listener(sessionNo))),
    onHint: (listener) => {
      // A wrapper, so that one function may be registered twice and each registration ends alone.
      const own = (sessionNo: SessionNo): void => listener(sessionNo)
      listeners.add(own)
      return { [Symbol.dispose]: () => void listeners.delete(own) }
    },
  }
}

export function localNodes(self: NodeRecord): Nodes {
  return { self }
}
