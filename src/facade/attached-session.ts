// One session as one editor sees it: what there was, if it asked for it, then everything as it happens, in the order of the log.
// Modes: telling what lies before the barrier -> waiting until the editor has its answer -> live, until it is disposed.

import type { JsonRpcPeer } from '../acp/peer.ts'
import type { ElicitationId, PermissionId, SessionId, TurnId } from '../base/ids.ts'
import type { Json, JsonObject } from '../base/json.ts'
import type { EventStream } from '../events/event-log.ts'
import type { PromptAccepted } from '../session/service.ts'
import { extensionNote } from './extension.ts'
import { ElicitationAsks } from './elicitation-asks.ts'
import { askedIn, askedOf } from './asked-elicitation.ts'
import type { EditorFacts } from './initialize.ts'
import { META } from './meta.ts'
import { PermissionAsks } from './permission-asks.ts'
import type { EditorTransport, FacadePorts } from './ports.ts'
import { SessionState } from './session-state.ts'
import { isSetting, promptUpdates, SessionStory, updateOf } from './session-story.ts'
import type { SessionEvent } from './session-story.ts'
import { endOfEvent, endOfOutcome } from './turn-end.ts'
import type { TurnEnd } from './turn-end.ts'

/** What all sessions of one connection share. */
export interface EditorPorts extends FacadePorts {
  readonly peer: JsonRpcPeer
  readonly transport: EditorTransport
  readonly facts: EditorFacts
  /** A JSON-RPC id for a request about this; no other one that waits on the connection has it. */
  requestId(asked: PermissionId | ElicitationId): string
  /** The log could not be read: the connection is of no use any more. */
  failed(error: unknown): void
}

export interface Attachment {
  readonly no: number
  readonly id: SessionId
  /** Nothing up to here is told. */
  readonly after: number
  /** What lies between `after` and this is told before the editor has its answer. */
  readonly barrier: number
  /** The editor had everything up to `after`, from an earlier connection. */
  readonly goesOn: boolean
}

type Outcome = NonNullable<PromptAccepted['turn']['outcome']>
type OnEnd = (end: TurnEnd) => void

/** Events before the barrier that are looked at for an editor that wants no history. */
const LOOK_BACK_EVENTS = 2_000
const PERMISSIONS_MAX = 64

export class AttachedSession implements Disposable {
  readonly id: SessionId
  /** Resolves when the editor may have its answer. */
  readonly isReplayed: Promise<void>
  readonly state: SessionState
  readonly #ports: EditorPorts
  readonly #at: Attachment
  readonly #story: SessionStory
  readonly #asks: PermissionAsks
  readonly #questions: ElicitationAsks
  readonly #stream: EventStream
  readonly #attendance: Disposable
  readonly #answer = Promise.withResolvers<void>()
  readonly #replay = Promise.withResolvers<void>()
  readonly #turns = new Map<TurnId, OnEnd>()
  readonly #shownPrompts = new Set<TurnId>()
  readonly #waiters: { readonly seq: number; readonly reached: () => void }[] = []
  readonly #whenIdle: (() => void)[] = []
  #isReplaying: boolean
  #isOver = false
  #cursor: number
  /** The attachment that replaces this one: a prompt that is accepted late is its. */
  #successor: AttachedSession | undefined
  /** Settles when the prompts that were sent so far are accepted or refused. */
  #accepting: Promise<unknown> = Promise.resolve()

  constructor(ports: EditorPorts, at: Attachment) {
    const { events, permissions, facts } = ports
    this.id = at.id
    this.#ports = ports
    this.#at = at
    this.#cursor = at.after
    this.#isReplaying = true
    this.isReplayed = this.#replay.promise
    this.state = new SessionState(ports, at.id)
    this.#story = new SessionStory(facts.shows, at.goesOn)
    const asking = { ...ports, sessionId: at.id, answeredBy: `acp:${facts.name}` }
    this.#questions = new ElicitationAsks(asking)
    this.#asks = new PermissionAsks({
      ...asking,
      introduce: (call) => this.#send(this.#story.toolCalls.introduce(call)),
    })
    this.#stream = events.subscribe(at.no, at.after)
    this.#attendance = permissions.attend(at.no)
    void this.#run()
  }

  /** Turns that this connection has begun and that have not ended. */
  get ownTurns(): TurnId[] {
    return [...this.#turns.keys()]
  }

  /** The editor has its answer: what happens now is told. */
  release(): void {
    this.#answer.resolve()
  }

  /** One prompt at a time, in the order of the calls; `onEnd` is called after everything that was said in the turn. */
  async prompt(accept: () => Promise<PromptAccepted>, onEnd: OnEnd): Promise<TurnId> {
    const accepted = this.#accepting.then(accept)
    const isRegistered = accepted.then(({ turn }) => this.#register(turn, onEnd))
    this.#accepting = isRegistered.catch(() => undefined)
    await isRegistered
    return (await accepted).turn.id
  }

  /** Resolves when the prompts that were sent so far are accepted or refused: a cancel must not overtake them. */
  async accepted(): Promise<void> {
    await this.#accepting
  }

  /** Resolves when no prompt of this connection is out; each ends within the bounds of its turn. */
  untilIdle(): Promise<void> {
    if (this.#turns.size === 0) return Promise.resolve()
    return new Promise((idle) => this.#whenIdle.push(idle))
  }

  /** Everything up to here was told, or is not to be. */
  get toldTo(): number {
    return Math.max(this.#cursor, this.#at.barrier)
  }

  /** Ends an attachment and goes on with its prompts: with those that are being accepted, too, and those whose end it has not told. */
  takeOver(former: AttachedSession): void {
    former.#successor = this
    this.#accepting = former.#accepting
    for (const [turnId, onEnd] of former.#turns) void this.#takeOverTurn(turnId, onEnd)
    former[Symbol.dispose]()
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.#stream[Symbol.dispose]()
    this.#attendance[Symbol.dispose]()
    this.#asks[Symbol.dispose]()
    this.#questions[Symbol.dispose]()
    this.#answer.resolve()
    this.#replay.resolve()
    for (const { reached } of this.#waiters) reached()
    this.#wakeIdle()
  }

  async #run(): Promise<void> {
    try {
      if (!this.#at.goesOn && this.#at.after === this.#at.barrier) await this.#lookBack()
      if (this.#at.after >= this.#at.barrier) await this.#goLive()
      for await (const batch of this.#stream) {
        await this.#accepting // a turn of ours is known as ours before its events are looked at
        for (const event of batch) if (!this.#isOver) await this.#take(event)
      }
    } catch (error) {
      this.#ports.failed(error)
    } finally {
      this[Symbol.dispose]()
    }
  }

  async #take(event: SessionEvent): Promise<void> {
    if (this.#isReplaying && event.seq > this.#at.barrier) await this.#goLive()
    await this.#tell(event)
    this.#cursor = event.seq
    if (this.#isReplaying && event.seq >= this.#at.barrier) await this.#goLive()
    if (this.#waiters.length > 0) this.#wakeReached()
    const room = this.#ports.transport.room()
    if (room !== undefined) await room
  }

  async #tell(event: SessionEvent): Promise<void> {
    switch (event.type) {
      case 'update':
        return this.#tellUpdate(event)
      case 'turn.dispatched':
        return this.#tellPrompt(event)
      case 'turn.cancelling': // C-46: what the agent says of them later overrides
        return this.#send(this.#story.toolCalls.endOpen(), event.seq)
      case 'turn.ended':
        return this.#tellEnd(event)
      case 'permission.requested':
        return this.#isReplaying
          ? this.#send(this.#story.hearRequest(updateOf(event), true), event.seq)
          : this.#ask(updateOf(event))
      case 'permission.closed':
        if (this.#isReplaying) return this.#send(this.#story.endRequest(updateOf(event)), event.seq)
        return this.#asks.close(updateOf(event)['permission_id'] as PermissionId)
      case 'elicitation.requested':
        return this.#isReplaying ? undefined : this.#questions.ask(askedIn(updateOf(event)))
      case 'elicitation.closed':
        return this.#questions.close(updateOf(event)['elicitation_id'] as ElicitationId)
      case 'elicitation.completed':
        return this.#questions.completed(updateOf(event)['elicitation_id'] as ElicitationId)
      case 'agent.ready':
      case 'options.changed':
      case 'options.reset':
      case 'option.refused':
        return this.#isReplaying ? undefined : this.#send(await this.state.changes())
      case 'agent.extension':
        return this.#isReplaying ? undefined : this.#note(updateOf(event))
      case 'session.described':
        return this.#isReplaying ? undefined : this.#send(await this.state.title())
      default:
        return
    }
  }

  #note(data: JsonObject): void {
    const note = extensionNote(data, this.id)
    if (note !== undefined) this.#ports.peer.notify(...note)
  }

  async #tellUpdate(event: SessionEvent): Promise<void> {
    const update = updateOf(event)
    if (!isSetting(update)) return this.#send(this.#story.tell(update, this.#isReplaying), event.seq)
    if (!this.#isReplaying) this.#send(await this.state.changes())
  }

  /** A prompt of another client; in a replay also those of this one (F-16, F-35). */
  async #tellPrompt({ turnId, seq }: SessionEvent): Promise<void> {
    if (turnId === undefined || this.#shownPrompts.has(turnId)) return
    this.#shownPrompts.add(turnId) // it may be handed out again
    if (!this.#isReplaying && this.#turns.has(turnId)) return
    const { service, facts } = this.#ports
    const turn = await service.turn(this.id, turnId)
    const isOwn = facts.clientId !== undefined && turn.idempotencyKey?.startsWith(facts.clientId) === true
    if (!isOwn || this.#isReplaying) this.#send(promptUpdates(turn, facts.shows), seq)
  }

  #tellEnd(event: SessionEvent): void {
    const data = updateOf(event)
    if (data['state'] !== 'completed') this.#send(this.#story.toolCalls.endOpen(), event.seq)
    if (event.turnId === undefined) return
    this.#shownPrompts.delete(event.turnId)
    this.#end(event.turnId, endOfEvent(data))
  }

  #end(turnId: TurnId, end: TurnEnd): void {
    const onEnd = this.#turns.get(turnId)
    this.#turns.delete(turnId)
    onEnd?.(end)
    if (this.#turns.size === 0) this.#wakeIdle()
  }

  #wakeIdle(): void {
    for (const idle of this.#whenIdle.splice(0)) idle()
  }

  #ask({ permission_id: id, tool_call: toolCall, options }: JsonObject): void {
    this.#asks.ask({ id: id as PermissionId, toolCall: toolCall as JsonObject, options: options as Json[] })
  }

  /** Everything before the barrier is told: the editor gets its answer, then what holds now (F-14, F-15, F-47). */
  async #goLive(): Promise<void> {
    this.#isReplaying = false
    this.#send(this.#story.endReplay())
    this.#replay.resolve()
    await this.#answer.promise
    if (!this.#at.goesOn) {
      this.#send(this.#story.standing())
      this.#send(await this.state.title())
    }
    const { service, elicitations } = this.#ports
    const open = await service.permissions({ sessionId: this.id, state: 'open' }, PERMISSIONS_MAX)
    for (const { id, toolCall, options } of open) {
      this.#asks.ask({ id, toolCall: JSON.parse(toolCall) as JsonObject, options: JSON.parse(options) as Json[] })
    }
    const asked = await elicitations.list({ sessionId: this.id, state: 'open' }, PERMISSIONS_MAX)
    for (const question of asked) this.#questions.ask(askedOf(question))
  }

  /** For an editor that wants no history: which tool calls there are, and what commands and usage were said last. */
  async #lookBack(): Promise<void> {
    const { no, barrier } = this.#at
    for (let at = Math.max(0, barrier - LOOK_BACK_EVENTS); at < barrier;) {
      const page = await this.#ports.events.read(no, at, barrier - at)
      for (const event of page) {
        if (event.type === 'update') this.#story.hear(updateOf(event))
        else if (event.type === 'permission.requested') this.#story.hearRequest(updateOf(event), false)
      }
      at = page.at(-1)?.seq ?? barrier
    }
  }

  /** One that has ended already is told as soon as everything in it was: a prompt that was sent twice. */
  #register({ id, outcome }: Pick<PromptAccepted['turn'], 'id' | 'outcome'>, onEnd: OnEnd): void {
    if (this.#successor !== undefined) return this.#successor.#register({ id, outcome }, onEnd)
    this.#turns.set(id, onEnd)
    if (outcome !== undefined) void this.#endOnceTold(id, outcome)
  }

  async #takeOverTurn(turnId: TurnId, onEnd: OnEnd): Promise<void> {
    this.#turns.set(turnId, onEnd)
    const { service, failed } = this.#ports
    const turn = await service.turn(this.id, turnId).catch(failed)
    if (turn?.outcome !== undefined) await this.#endOnceTold(turnId, turn.outcome)
  }

  async #endOnceTold(turnId: TurnId, outcome: Outcome): Promise<void> {
    try {
      const { session } = await this.#ports.service.get(this.id)
      await this.#reached(session.lastSeq)
      if (this.#successor === undefined) this.#end(turnId, endOfOutcome(outcome)) // else it has looked itself
    } catch (error) {
      this.#ports.failed(error)
    }
  }

  /** Resolves when everything up to `seq` was told, or nothing will be any more. */
  #reached(seq: number): Promise<void> {
    if (this.#cursor >= seq) return Promise.resolve()
    return new Promise((reached) => this.#waiters.push({ seq, reached }))
  }

  #wakeReached(): void {
    const due = this.#waiters.filter(({ seq }) => seq <= this.#cursor)
    this.#waiters.splice(0, this.#waiters.length, ...this.#waiters.filter(({ seq }) => seq > this.#cursor))
    for (const { reached } of due) reached()
  }

  /** `seq`: of the event that all of `updates` are. */
  #send(updates: readonly JsonObject[], seq?: number): void {
    const { peer } = this.#ports
    for (const [part, update] of updates.entries()) {
      const more = updates.length > 1 ? { [META.part]: part } : {}
      const meta = seq === undefined ? {} : { _meta: { [META.seq]: seq, ...more } }
      peer.notify('session/update', { sessionId: this.id, update, ...meta })
    }
  }
}
