// A stream that a command shows until Ctrl-C, until nobody reads its output any more, or until the stream ends.

import type { CommandContext } from './context.ts'
import { EXIT } from './exit-codes.ts'

export interface FollowOptions {
  readonly signal: AbortSignal
  onReconnect(attempt: number): void
}

/** `show` gets each step; the next is read when its output has left. The exit code. */
export async function follow<T>(
  { screen, deps }: CommandContext,
  open: (options: FollowOptions) => AsyncIterable<T>,
  show: (step: T) => void,
): Promise<number> {
  const leave = new AbortController()
  using scope = new DisposableStack()
  scope.use(deps.onInterrupt(() => leave.abort()))
  screen.out.closed.addEventListener('abort', () => leave.abort(), { once: true })
  const onReconnect = (attempt: number): void => {
    if (attempt === 1) screen.note('the stream was cut; reconnecting')
  }
  for await (const step of open({ signal: leave.signal, onReconnect })) {
    show(step)
    await screen.drained()
  }
  return leave.signal.aborted && !screen.out.closed.aborted ? EXIT.interrupted : EXIT.done
}
