// One open session: its transcript, what is chosen in it, and at most one turn at a time. Tells its client everything that changes.
// Never decides how a request is answered on the wire; serve/ does.

import { ignore } from '../../../src/base/deadline.ts'
import { newId } from '../../../src/base/ids.ts'
import type { JsonObject } from '../../../src/base/json.ts'
import type { Client } from '../client/client.ts'
import { filesOf } from '../client/files.ts'
import { clientShell } from '../client/client-shell.ts'
import type { McpServers } from '../mcp/mcp-servers.ts'
import { takesImages } from '../models/model-choice.ts'
import type { RunHandle, RunRegistry } from '../runs/run-registry.ts'
import type { Ground } from '../tools/ground.ts'
import { planUpdate } from '../tools/plan.ts'
import { PermissionGate } from '../tools/permission-gate.ts'
import type { Roots } from '../tools/roots.ts'
import type { Shell } from '../tools/shell/shell.ts'
import { ToolBox } from '../tools/tool-box.ts'
import { ToolRunner } from '../tools/tool-runner.ts'
import type { Note, Transcript } from '../transcript/port.ts'
import { warningUpdate } from './aside.ts'
import type { Choices, OptionId } from './choices.ts'
import { type Command, commandOf, helpText, listCommands } from './commands.ts'
import { asideNote, settingNote, titleNote } from './entries.ts'
import { writeInstructions } from './instructions.ts'
import { type PromptContent, userMessage } from './prompt-content.ts'
import { replay } from './replay.ts'
import { type StopReason, Turn, type TurnParts } from './turn.ts'

export interface SessionParts {
  readonly transcript: Transcript
  readonly client: Client
  readonly choices: Choices
  readonly roots: Roots
  readonly servers: McpServers
  /** Of all sessions of this process. */
  readonly runs: RunRegistry
  /** For clients that offer no terminals. */
  readonly ownShell: Shell
  /** Variables that no command is to see, in a terminal of the client either. */
  readonly hidden: readonly string[]
  /** For each request of a compaction, in milliseconds. */
  readonly compactionMs: number
}

const TITLE_CHARS_MAX = 80
/** For a turn that was cancelled; what hangs longer is given up. */
const CLOSE_MS = 5_000

interface Running {
  readonly run: RunHandle
  readonly signal: AbortSignal
}

export class Session {
  readonly #parts: SessionParts
  readonly #runner: ToolRunner

  constructor(parts: SessionParts) {
    this.#parts = parts
    const { client, transcript, choices } = parts
    const gate = new PermissionGate((params, options) =>
      client.call('session/request_permission', { sessionId: transcript.id, ...params }, options),
    )
    const update = (fields: JsonObject): void => client.update(transcript.id, fields)
    this.#runner = new ToolRunner({ ground: this.#ground(), gate, mode: () => choices.mode, update })
  }

  get id(): string {
    return this.#parts.transcript.id
  }

  get choices(): Choices {
    return this.#parts.choices
  }

  get isRunning(): boolean {
    return this.#parts.runs.stateOf(this.id) !== undefined
  }

  /** What is true of a session as soon as it is open; sent after the answer that opens it. */
  announce(): void {
    this.#tell({ sessionUpdate: 'available_commands_update', availableCommands: listCommands() })
    const { title } = this.#parts.transcript
    if (title !== undefined) this.#tell({ sessionUpdate: 'session_info_update', title })
  }

  /** Everything that was said, as updates, before the answer to a load. */
  async replay(): Promise<void> {
    const { transcript, client } = this.#parts
    for await (const update of replay(transcript.history(), client)) this.#tell(update)
  }

  /** Ends with the turn. Rejects with TurnFailed, CompactionFailed, or an error of the transcript. One at a time: the caller sees to it. */
  async prompt(prompt: PromptContent): Promise<StopReason> {
    const abort = new AbortController()
    using run = this.#parts.runs.register(this.id, { abort: () => abort.abort() })
    try {
      const command = commandOf(prompt.text)
      if (command !== undefined) return await this.#command(command, prompt.text, { run, signal: abort.signal })
      await this.#nameAfter(prompt.text)
      return await this.#turn({ run, signal: abort.signal }, (turn) => turn.answer(userMessage(prompt)))
    } catch (error) {
      if (abort.signal.aborted) return 'cancelled'
      throw error
    }
  }

  cancel(): void {
    this.#parts.runs.abort({ session: this.id }, 'cancelled')
  }

  /** False when there is no such option or value. Told and kept when it is another than before. */
  async choose(id: string, value: unknown): Promise<boolean> {
    const { choices } = this.#parts
    const before = JSON.stringify(choices.stored())
    if (!choices.set(id, value)) return false
    if (JSON.stringify(choices.stored()) === before) return true
    this.#tellChoice(id)
    await this.#note(settingNote(choices.stored()))
    return true
  }

  /** Cancels what runs and lets go of everything. The transcript stays. */
  async close(): Promise<void> {
    const { runs } = this.#parts
    this.cancel()
    if (!(await runs.waitFor(this.id, { ms: CLOSE_MS }))) runs.detach(this.id)
    await this.#parts.servers.close()
    await this.#parts.transcript.close()
  }

  async #turn<T>(running: Running, body: (turn: Turn) => Promise<T>): Promise<T> {
    const turn = await Turn.open(await this.#turnParts(running), running.signal)
    try {
      return await body(turn)
    } finally {
      await turn.close()
    }
  }

  async #turnParts({ run, signal }: Running): Promise<TurnParts> {
    const { transcript, client, choices, servers, roots, compactionMs } = this.#parts
    const { tools, problems } = await servers.tools(signal)
    for (const text of problems) this.#tell(warningUpdate(client, text))
    return {
      transcript,
      client,
      choice: choices.model,
      thinking: choices.thinking,
      mode: () => choices.mode,
      toolBox: new ToolBox(tools),
      runner: this.#runner,
      instructions: await writeInstructions(roots),
      compactionMs,
      onCompacting: (isCompacting) => run.setState(isCompacting ? 'compacting' : 'working'),
    }
  }

  async #command({ name, input }: Command, typed: string, running: Running): Promise<StopReason> {
    if (name === 'compact') {
      const isDone = await this.#turn(running, (turn) => turn.compact(input === '' ? undefined : input))
      await this.#answerAside(typed, isDone ? 'The conversation is summarised.' : 'There is nothing to summarise yet.')
    } else if (name === 'help') await this.#answerAside(typed, helpText())
    else await this.#answerAside(typed, await this.#chooseByCommand(name, input))
    return 'end_turn'
  }

  async #chooseByCommand(id: OptionId, value: string): Promise<string> {
    const { choices } = this.#parts
    const known = value === '' ? undefined : await this.choose(id, value)
    const { name, current, values } = choices.describe(id)
    const sentence = `The ${name} is ${current}.`
    if (known === true) return sentence
    const list = values.map((one) => `- ${one}`).join('\n')
    return `${known === false ? `There is no ${name} "${value}". ` : ''}${sentence} There are:\n\n${list}`
  }

  /** A command and its answer are kept for people; the model never sees them. */
  async #answerAside(typed: string, text: string): Promise<void> {
    const messageId = newId('msg')
    this.#tell({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text }, messageId })
    await this.#note(
      asideNote({ role: 'user', text: typed, messageId: newId('msg') }),
      asideNote({ role: 'agent', text, messageId }),
    )
  }

  /** A conversation without a title gets the beginning of its first prompt. */
  async #nameAfter(text: string): Promise<void> {
    const { transcript } = this.#parts
    const line = text.replaceAll(/\s+/g, ' ').trim()
    if (transcript.title !== undefined || line === '') return
    const title = line.length > TITLE_CHARS_MAX ? `${line.slice(0, TITLE_CHARS_MAX).toWellFormed()}…` : line
    await this.#note(titleNote(title))
    this.#tell({ sessionUpdate: 'session_info_update', title })
  }

  async #note(...notes: Note[]): Promise<void> {
    await this.#parts.transcript.annotate(notes)
  }

  #tellChoice(id: OptionId): void {
    const { choices } = this.#parts
    if (id === 'mode') this.#tell({ sessionUpdate: 'current_mode_update', currentModeId: choices.mode })
    this.#tell({ sessionUpdate: 'config_option_update', configOptions: choices.options() })
  }

  #tell(update: JsonObject): void {
    this.#parts.client.update(this.id, update)
  }

  #ground(): Ground {
    const { client, transcript, roots, ownShell, hidden, choices } = this.#parts
    return {
      roots,
      shell: client.abilities.terminal ? clientShell(client, transcript.id, hidden) : ownShell,
      ...filesOf(client, transcript.id),
      showPlan: (steps) => this.#tell(planUpdate(steps)),
      leavePlanning: () => void this.choose('mode', 'code').catch(ignore('it holds for this life all the same')),
      get takesImages() {
        return takesImages(choices.model)
      },
    }
  }
}
