// `holdfast events`: the event log of a session, as it is or as it grows. NDJSON with --json, one line per event without.

import { isJsonObject } from '../../base/json.ts'
import type { EventView, StreamGateway } from '../../wire/event.ts'
import type { HoldfastClient } from '../../client/client.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'
import { leavingText, Losses } from '../output/loss-text.ts'
import type { Screen } from '../output/screen.ts'
import { terminalLine } from '../output/terminal-text.ts'

export interface EventsCommandOptions {
  readonly follow?: boolean
  readonly after: number
}

const PAGE_MAX = 1000
const DATA_WIDTH_MAX = 160

export async function events(context: CommandContext, options: EventsCommandOptions, idOrKey: string): Promise<number> {
  const { screen, deps } = context
  using gateway = await openGateway(context)
  if (options.follow !== true) {
    await printPages(gateway.client, idOrKey, options.after, screen)
    return EXIT.done
  }
  const leave = new AbortController()
  using scope = new DisposableStack()
  scope.use(deps.onInterrupt(() => leave.abort()))
  screen.out.closed.addEventListener('abort', () => leave.abort(), { once: true })
  const losses = new Losses()
  const onReconnect = (attempt: number, error: unknown): void => {
    const lost = losses.lost(attempt, error)
    if (lost !== undefined) screen.note(`${lost}; this goes on when it is back`)
  }
  const onLeaving = (told: StreamGateway): void => {
    const text = leavingText(told, Date.now())
    if (text !== undefined) screen.note(text)
  }
  for await (const event of gateway.client.events(idOrKey, {
    after: options.after,
    signal: leave.signal,
    onReconnect,
    onLeaving,
  })) {
    printEvent(event, screen)
    await screen.drained()
  }
  return leave.signal.aborted && !screen.out.closed.aborted ? EXIT.interrupted : EXIT.done
}

async function printPages(client: HoldfastClient, idOrKey: string, from: number, screen: Screen): Promise<void> {
  let after = from
  while (!screen.out.closed.aborted) {
    const page = await client.listEvents(idOrKey, { after, limit: PAGE_MAX })
    for (const event of page.events) printEvent(event, screen)
    await screen.drained()
    if (page.events.length === 0 || page.next_after >= page.head) return
    after = page.next_after
  }
}

function printEvent(event: EventView, screen: Screen): void {
  if (screen.json) return screen.record(event)
  const { style } = screen
  const data = terminalLine(summaryOf(event), DATA_WIDTH_MAX)
  screen.print(
    `${style.dim(`${String(event.seq).padStart(6)}  ${event.at}`)}  ${style.cyan(event.type.padEnd(20))}  ${data}\n`,
  )
}

/** An update by its variant and what it says; everything else as JSON. */
function summaryOf({ type, data }: EventView): string {
  if (type !== 'update' || !isJsonObject(data)) return JSON.stringify(data)
  const update = isJsonObject(data['update']) ? data['update'] : data
  const { sessionUpdate, content, title, status } = update
  const text =
    isJsonObject(content) && typeof content['text'] === 'string'
      ? content['text']
      : [title, status].filter((part) => typeof part === 'string').join(' ')
  return typeof sessionUpdate === 'string' ? `${sessionUpdate} ${text}` : JSON.stringify(data)
}
