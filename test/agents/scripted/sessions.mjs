// The agent's sessions and their conversations; with a state folder they outlive the process.

import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'

export class Sessions {
  #open = new Map()
  #state

  constructor(state) {
    this.#state = state
    if (state) mkdirSync(state, { recursive: true })
  }

  create(cwd) {
    const id = `scripted-${randomBytes(6).toString('hex')}`
    if (this.#state) appendFileSync(this.#file(id), '')
    return this.#add(id, cwd, [])
  }

  get(id) {
    return this.#open.get(id)
  }

  /** A session of an earlier process, or undefined. */
  reopen(id, cwd) {
    const known = this.#open.get(id)
    if (known) return known
    if (!this.#state || !/^[\w-]+$/.test(id) || !existsSync(this.#file(id))) return undefined
    const lines = readFileSync(this.#file(id), 'utf8').split('\n').filter(Boolean)
    return this.#add(
      id,
      cwd,
      lines.map((line) => JSON.parse(line)),
    )
  }

  /** Those of all processes, by name. */
  known() {
    const files = this.#state ? readdirSync(this.#state).filter((name) => name.startsWith('scripted-')) : []
    return files
      .toSorted()
      .map((name) => ({ sessionId: name.slice(0, -'.jsonl'.length), cwd: process.cwd(), title: 'On the list' }))
  }

  remember(session, role, text) {
    session.history.push({ role, text })
    if (this.#state) appendFileSync(this.#file(session.id), `${JSON.stringify({ role, text })}\n`)
  }

  /** False for one that is not kept. */
  remove(id) {
    this.#open.delete(id)
    if (!this.#state || !/^[\w-]+$/.test(id) || !existsSync(this.#file(id))) return false
    unlinkSync(this.#file(id))
    return true
  }

  close(id) {
    return this.#open.delete(id)
  }

  #add(id, cwd, history) {
    const session = { id, cwd, history, turns: new Set(), mode: 'ask', model: 'small' }
    this.#open.set(id, session)
    return session
  }

  #file(id) {
    return join(this.#state, `${id}.jsonl`)
  }
}
