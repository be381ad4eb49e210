// One prompt from the terminal to its exit code: sent, watched, cancelled by Ctrl-C or --timeout, permissions and questions answered.
// First Ctrl-C cancels the turn, the second leaves; whoever leaves does not end what the gateway runs.

import type { Timer } from '../base/clock.ts'
import { systemClock } from '../base/clock.ts'
import { ignore } from '../base/deadline.ts'
import { HoldfastError } from '../base/errors.ts'
import { OneAtATime } from '../base/one-at-a-time.ts'
import type { HoldfastClient } from '../client/client.ts'
import type { ElicitationAnswer } from '../wire/elicitation.ts'
import type { SessionView } from '../wire/session.ts'
import type { Continuity, GatewayPermissionMode, Unattended, WhenAlone } from './choices.ts'
import type { CommandContext } from './context.ts'
import type { Terminal } from './deps.ts'
import type { StreamGateway } from '../wire/event.ts'
import { EXIT } from './exit-codes.ts'
import type { Screen } from './output/screen.ts'
import { leavingText, Losses } from './output/loss-text.ts'
import { terminalLine } from './output/terminal-text.ts'
import { TurnText } from './output/turn-text.ts'
import { PermissionDesk } from './permission-desk.ts'
import type { PermissionAsked, PermissionMode } from './permission-rule.ts'
import type { QuestionAsked } from './questions/ask-question.ts'
import { QuestionDesk } from './questions/question-desk.ts'
import { blockedText } from './send-prompt.ts'
import type { CancelCause } from './turn-result.ts'
import { CANCELLED_EXIT_CODE, exitCodeOf } from './turn-result.ts'
import { watchTurn } from './turn-watch.ts'

/** Options that `prompt` and `run` share, as commander hands them over. */
export interface TurnOptions {
  readonly agent?: string
  readonly cwd?: string
  /** Of the session, from here on. */
  readonly continuity?: Continuity
  readonly permissionMode?: GatewayPermissionMode
  readonly unattended?: Unattended
  readonly file?: string
  /** Seconds. */
  readonly timeout?: number
  readonly approveAll?: boolean
  readonly approveReads?: boolean
  readonly denyAll?: boolean
  readonly nonInteractivePermissions: WhenAlone
}

export interface TurnJob {
  readonly client: HoldfastClient
  readonly session: SessionView
  readonly turnId: string
  /** Cursor before the turn's first event. */
  readonly after: number
  readonly options: TurnOptions
}

/** How long a turn that we cancelled may take to end before we leave it to the gateway: its cancel grace, and room to end the agent. */
const CANCEL_MS = 60_000
/** How long a gateway that went away may stay away: it drains before it goes, so a restart is quick. */
const LOST_MS = 60_000

/** Watches the turn to its end; resolves with the exit code. */
export async function runTurn(context: CommandContext, job: TurnJob): Promise<number> {
  const running = new RunningTurn(context, job)
  using scope = new DisposableStack()
  scope.use(context.deps.onInterrupt(() => running.interrupted()))
  const { timeout } = job.options
  if (timeout !== undefined) scope.use(systemClock.at(Date.now() + timeout * 1000, () => running.timedOut(timeout)))
  return await running.watch()
}

class RunningTurn {
  readonly #context: CommandContext
  readonly #job: TurnJob
  readonly #text: TurnText
  readonly #desk: PermissionDesk
  readonly #questions: QuestionDesk
  /** A person is asked one thing at a time. */
  readonly #asking = new OneAtATime()
  /** Aborts when this command stops watching; the turn is the gateway's. */
  readonly #leave = new AbortController()
  #cancelledFor: CancelCause | undefined
  /** What the session waits for that we did not want to wait for. */
  #blockedBy: NonNullable<SessionView['blocked']>['reason'] | undefined
  readonly #losses = new Losses()
  #lostAtMs = 0
  /** Set when the gateway stayed away for too long. */
  #lostFor: Error | undefined
  #lateTimer: Timer | undefined
  /** The turn has ended, or is left: what is still asked of the gateway for it does not matter any more. */
  #isOver = false

  constructor(context: CommandContext, job: TurnJob) {
    const { screen, deps } = context
    const { client, session, options } = job
    this.#context = context
    this.#job = job
    this.#text = new TurnText(screen)
    const isThere = isPersonAt(deps.terminal, screen)
    const policy = { mode: modeOf(options), whenAlone: options.nonInteractivePermissions, cwd: session.cwd }
    this.#desk = new PermissionDesk(policy, {
      ask: isThere ? (asked, signal) => this.#asking.run(() => this.#ask(asked, signal)) : undefined,
      answer: async (permissionId, optionId) =>
        void (await client.answerPermission(permissionId, { option_id: optionId, answered_by: 'cli' })),
      isOpen: async (permissionId) => (await client.getPermission(permissionId)).state === 'open',
      giveUp: () => this.cancel('permission'),
      note: (text) => this.#note(text),
    })
    this.#questions = new QuestionDesk(options.nonInteractivePermissions, {
      ask: isThere ? (asked, signal) => this.#asking.run(() => this.#askQuestion(asked, signal)) : undefined,
      answer: async (id, answer) => void (await client.answerElicitation(id, { ...answer, answered_by: 'cli' })),
      isOpen: async (id) => (await client.getElicitation(id)).state === 'open',
      giveUp: () => this.cancel('permission'),
      note: (text) => this.#note(text),
    })
    screen.out.closed.addEventListener('abort', () => this.#leave.abort(), { once: true })
  }

  async watch(): Promise<number> {
    const { client, session, after, turnId } = this.#job
    const whenBlocked = (): void => void this.#leaveIfBlocked().catch(ignore('the stream says how it goes on'))
    if (session.blocked_by !== null) whenBlocked()
    const onReconnect = (attempt: number, error: unknown): void => this.#lost(attempt, error)
    const onLeaving = (told: StreamGateway): void => this.#leaving(told)
    const events = client.events(session.id, { after, signal: this.#leave.signal, onReconnect, onLeaving })
    try {
      const end = await watchTurn(turnId, {
        events,
        desk: this.#desk,
        questions: this.#questions,
        text: this.#text,
        screen: this.#context.screen,
        blocked: whenBlocked,
      })
      if (end.state === 'interrupted') await this.#sayIfBlocked().catch(ignore('the gateway has left already'))
      return exitCodeOf({ ...end, permissions: this.#desk.tally, cancelledFor: this.#cancelledFor })
    } catch (error) {
      if (this.#lostFor !== undefined) {
        this.#sayWhere()
        throw this.#lostFor
      }
      if (!this.#leave.signal.aborted) throw error
      return this.#left()
    } finally {
      this.#isOver = true
      this.#lateTimer?.cancel()
      this.#desk.close()
      this.#questions.close()
    }
  }

  /** First time: cancel the turn. Second time: leave. */
  interrupted(): void {
    if (this.#cancelledFor === 'interrupt') return this.#leave.abort()
    this.#note('cancelling; Ctrl-C again to leave the turn to the gateway')
    this.cancel('interrupt')
  }

  timedOut(seconds: number): void {
    this.#note(`no end after ${seconds} s; cancelling the turn`)
    this.cancel('timeout')
  }

  /** Asks the gateway to cancel the turn. The first cause decides the exit code, but a person's Ctrl-C always counts. */
  cancel(cause: CancelCause): void {
    const asked = this.#cancelledFor !== undefined
    this.#cancelledFor = cause === 'interrupt' ? cause : (this.#cancelledFor ?? cause)
    if (asked) return
    this.#lateTimer = systemClock.at(Date.now() + CANCEL_MS, () => this.#leave.abort())
    const { client, session, turnId } = this.#job
    client.cancel(session.id, turnId).catch((error: unknown) => {
      if (this.#isOver) return
      this.#note(`the turn could not be cancelled: ${error instanceof Error ? error.message : String(error)}`)
    })
  }

  async #ask(asked: PermissionAsked, signal: AbortSignal): Promise<string | undefined> {
    const { deps, screen } = this.#context
    const { askPerson } = await import('./permission-question.ts')
    this.#text.breakLine()
    return askPerson(deps.terminal, screen, asked, signal)
  }

  async #askQuestion(asked: QuestionAsked, signal: AbortSignal): Promise<ElicitationAnswer | undefined> {
    const { deps, screen } = this.#context
    const { askQuestion } = await import('./questions/ask-question.ts')
    this.#text.breakLine()
    return askQuestion(deps.terminal, screen, asked, signal)
  }

  /** Says how to free the session; null when it is not blocked. */
  async #sayIfBlocked(): Promise<SessionView['blocked']> {
    const session = await this.#job.client.getSession(this.#job.session.id)
    if (session.blocked !== null) this.#note(blockedText(session))
    return session.blocked
  }

  /** Our turn is still queued behind one that was interrupted: nobody may decide about that one for long. */
  async #leaveIfBlocked(): Promise<void> {
    const { client, session, turnId } = this.#job
    const { state } = await client.getTurn(session.id, turnId)
    const blocked = state === 'queued' ? await this.#sayIfBlocked() : null
    if (blocked === null) return
    this.#blockedBy = blocked.reason
    this.#leave.abort()
  }

  #leaving(told: StreamGateway): void {
    const text = leavingText(told, Date.now())
    if (text !== undefined) this.#note(text)
  }

  /** The stream was cut: the client reconnects; we wait for the gateway only so long. */
  #lost(attempt: number, error: unknown): void {
    if (attempt === 1) this.#lostAtMs = performance.now()
    const lost = this.#losses.lost(attempt, error)
    if (lost !== undefined) this.#note(`${lost}; waiting up to ${LOST_MS / 1000} s for it to come back`)
    if (performance.now() - this.#lostAtMs < LOST_MS) return
    this.#lostFor =
      error instanceof Error ? error : new HoldfastError('DEADLINE', { stage: 'reconnecting', ms: LOST_MS })
    this.#leave.abort()
  }

  #left(): number {
    if (this.#context.screen.out.closed.aborted) return EXIT.io
    this.#sayWhere()
    if (this.#blockedBy !== undefined) return this.#blockedBy === 'login_required' ? EXIT.login : EXIT.failed
    return this.#cancelledFor === undefined ? EXIT.interrupted : CANCELLED_EXIT_CODE[this.#cancelledFor]
  }

  #sayWhere(): void {
    const { session, turnId } = this.#job
    this.#note(`left turn ${turnId} to the gateway; see: holdfast events -f ${session.id}`)
  }

  #note(text: string): void {
    this.#text.breakLine()
    this.#context.screen.note(terminalLine(text))
  }
}

function isPersonAt({ stdinIsTty, stderrIsTty }: Terminal, screen: Screen): boolean {
  return stdinIsTty && stderrIsTty && !screen.json
}

function modeOf({ approveAll, approveReads, denyAll }: TurnOptions): PermissionMode {
  if (denyAll === true) return 'deny-all'
  if (approveAll === true) return 'approve-all'
  return approveReads === true ? 'approve-reads' : 'ask'
}
