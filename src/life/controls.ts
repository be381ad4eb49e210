// What a signal may ask of the life that is there. A life puts in what it can do once it can; what was asked before that is done then.

type Control = () => void

/** Modes: nothing can be done yet (what is asked is remembered, once); possible. */
class Remembered {
  #control: Control | undefined
  #isAsked = false

  readonly ask = (): void => {
    if (this.#control === undefined) this.#isAsked = true
    else this.#control()
  }

  become(control: Control): void {
    this.#control = control
    const isDue = this.#isAsked
    this.#isAsked = false
    if (isDue) control()
  }
}

export class Controls {
  #reload = new Remembered()
  #dumpState = new Remembered()
  /** What is to be done right before the process is ended without waiting. */
  killNow: Control = () => {}

  /** Reads configuration and token again. */
  get reload(): Control {
    return this.#reload.ask
  }

  set reload(control: Control) {
    this.#reload.become(control)
  }

  /** Writes what the gateway does into the log. */
  get dumpState(): Control {
    return this.#dumpState.ask
  }

  set dumpState(control: Control) {
    this.#dumpState.become(control)
  }

  /** Before each life, which reads its configuration itself: what belonged to an earlier one is not called any more. */
  begin(): void {
    this.#reload = new Remembered()
    this.#dumpState = new Remembered()
    this.killNow = () => {}
  }
}
