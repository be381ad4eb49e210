// Three clients of one agent that only talks: each reads lines from stdin and calls `onUpdate` for every session update.

import { Readable } from 'node:stream'

import { client, ndJsonStream } from '@agentclientprotocol/sdk'

import { AgentLink } from '../../src/agent/link/agent-link.ts'
import { MessageIds } from '../../src/agent/link/message-ids.ts'
import { narrowInitialize } from '../../src/acp/initialize.ts'
import { NO_CONTROLS } from '../../src/acp/session-controls.ts'
import { systemClock } from '../../src/base/clock.ts'
import { ignore } from '../../src/base/deadline.ts'
import type { AgentSessionId } from '../../src/base/ids.ts'
import { OUTPUT_LIMITS } from '../../src/keeper/held/held-process.ts'
import type { AgentProcess, ProcessListener } from '../../src/keeper/agent-host.ts'
import { LineDelivery } from '../../src/keeper/host/line-delivery.ts'
import { FramedOutput } from '../../src/process/framed-output.ts'
import { SESSION_ID } from './wire.ts'

export type ClientName = keyof typeof CLIENTS

/** Nothing is checked or kept: the least that anybody pays. */
function readBare(stdin: Readable, onUpdate: () => void): void {
  let rest = ''
  stdin.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const { method } = JSON.parse(line) as { method?: string }
      if (method === 'session/update') onUpdate()
    }
  })
}

/** From the bytes to what a session's actor is told: framed, decoded, judged, narrowed, with message ids, as the text that is stored. */
function readAsHoldfast(stdin: Readable, onUpdate: () => void): void {
  const process = new SpokenProcess(stdin)
  const link = new AgentLink('bench', process, { clock: systemClock, messageIds: MessageIds.ofProcess(1) })
  // As every agent it has answered once before it tells: until then each line is looked at for noise.
  link
    .call('initialize', {}, { ms: 10_000, signal: new AbortController().signal })
    .catch(ignore('the counts would say it'))
  const initialized = narrowInitialize({ protocolVersion: 1 })
  if (initialized.kind !== 'initialized') throw new Error(initialized.reason)
  const agentSessionId = SESSION_ID as AgentSessionId
  const opened = { agentSessionId, continuity: 'new', controls: NO_CONTROLS, refused: [] } as const
  const fail = (): never => {
    throw new Error('the agent says nothing but updates')
  }
  const connection = link.toConnection(opened, initialized.capabilities)
  connection.listen({
    update: onUpdate,
    batchEnd: (n) => connection.acknowledge(n),
    answered: fail,
    permissionAsked: fail,
    elicitationAsked: fail,
    elicitationCompleted: fail,
    requestCancelled: fail,
    described: fail,
    controlled: fail,
    extension: fail,
    warning: fail,
    alive: fail,
    lost: fail,
  })
}

/** The official client as its documentation shows it, validating what it is told. */
function readBySdk(stdin: Readable, onUpdate: () => void): void {
  const nowhere = new WritableStream<Uint8Array>()
  const stream = ndJsonStream(nowhere, Readable.toWeb(stdin))
  client({ name: 'bench' })
    .onNotification('session/update', () => onUpdate())
    .connect(stream)
}

export const CLIENTS = { bare: readBare, holdfast: readAsHoldfast, sdk: readBySdk }

/** An agent process whose stdout is our stdin, read as its holder reads it: so much at a time as is stored. It answers `initialize`. */
class SpokenProcess implements AgentProcess {
  readonly leaseId = 1
  readonly pid = process.pid
  readonly startedAt = 0
  readonly acknowledged = 0
  readonly isRetiring = false
  readonly pinned = []
  #listener: ProcessListener | undefined
  #lines = 0
  #acknowledged = 0
  readonly #output: FramedOutput
  readonly #delivery = new LineDelivery(0, (batch) => this.#listener?.onLines(batch))

  constructor(stdout: Readable) {
    this.#output = new FramedOutput(stdout, 16 * 1024 * 1024, {
      onLines: (lines) => {
        const first = this.#lines + 1
        this.#lines += lines.count
        if (this.#lines - this.#acknowledged > OUTPUT_LIMITS.windowLines) this.#output.pause()
        this.#delivery.push({ first, ...lines })
      },
      onEnd: () => this.#listener?.onOutputEnd(),
    })
  }

  listen(listener: ProcessListener): void {
    this.#listener = listener
    this.#delivery.open()
  }

  acknowledge(n: number): void {
    this.#acknowledged = n
    if (this.#lines - n <= OUTPUT_LIMITS.windowLines) this.#output.resume()
  }
  send(line: string): void {
    const { id } = JSON.parse(line) as { id: number }
    const answer = Buffer.from(`${JSON.stringify({ jsonrpc: '2.0', id, result: {} })}\n`)
    this.#delivery.push({ first: ++this.#lines, count: 1, bytes: answer })
  }
  pin(): void {}
  flushed(): Promise<boolean> {
    return Promise.resolve(true)
  }
  wasWritten(): boolean {
    return false
  }
  stderrTail(): string {
    return ''
  }
  stop(): ReturnType<AgentProcess['stop']> {
    return Promise.resolve({ forced: false, swept: 0, survivors: [], ms: 0, exit: undefined })
  }
}
