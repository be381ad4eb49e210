// A mistake in how the command was typed: said in one line, exit code 2.

export class UsageError extends Error {
  readonly help: string

  constructor(message: string, help: string) {
    super(message)
    this.name = 'UsageError'
    this.help = help
  }
}
