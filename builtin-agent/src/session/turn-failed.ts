// A turn that could not be finished, with a sentence for people. The kind decides what the client is answered.

export type TurnFailure =
  | 'keyRefused'
  | 'limited'
  | 'unavailable'
  | 'unreachable'
  | 'brokenOff'
  | 'silent'
  | 'modelFailed'
  | 'contextFull'
  | 'takenOver'
  | 'noAnswer'

export class TurnFailed extends Error {
  override readonly name = 'TurnFailed'
  readonly kind: TurnFailure

  constructor(kind: TurnFailure, message: string) {
    super(message)
    this.kind = kind
  }
}
