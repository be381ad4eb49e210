// What every command gets: the program around it, the screen, and the options that hold for all commands.

import type { CliDeps } from './deps.ts'
import type { Screen } from './output/screen.ts'

export interface CommandContext {
  readonly deps: CliDeps
  readonly screen: Screen
  /** False for --no-start: a gateway that does not run is an error, not a reason to start one. */
  readonly mayStart: boolean
}
