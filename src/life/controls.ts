// What a signal may ask of the life that is there. A life puts in what it can do once it can; before that, and after it, nothing happens.

export class Controls {
  /** Reads configuration and token again. */
  reload: () => void = () => {}
  /** Writes what the gateway does into the log. */
  dumpState: () => void = () => {}
  /** What is to be done right before the process is ended without waiting. */
  killNow: () => void = () => {}

  /** Before each life: what belonged to an earlier one is not called any more. */
  begin(): void {
    this.reload = () => {}
    this.dumpState = () => {}
    this.killNow = () => {}
  }
}
