// All directives by name, and how a prompt is read: `@name` and the words up to the next `@name` are its arguments.
// Each is `(turn, args) => Promise | void`; a group of them lives in each of the files below.

import { calls } from './calls.mjs'
import { deaths } from './deaths.mjs'
import { files } from './files.mjs'
import { flow } from './flow.mjs'
import { floods } from './floods.mjs'
import { oddities } from './oddities.mjs'
import { permissions } from './permissions.mjs'
import { questions } from './questions.mjs'
import { terminals } from './terminals.mjs'

export const DIRECTIVES = Object.assign(
  Object.create(null),
  flow,
  permissions,
  questions,
  deaths,
  floods,
  oddities,
  calls,
  files,
  terminals,
)

export function directivesOf(text) {
  return [...text.matchAll(/(?<=^|\s)@([a-z][a-z0-9-]*)((?:\s+(?!@[a-z])\S+)*)/g)].map(([, name, rest]) => ({
    name,
    args: rest.trim() === '' ? [] : rest.trim().split(/\s+/),
  }))
}
