// An error answer, thrown by the method that refuses; and the value of a method that does not answer by itself.

export class Refusal extends Error {
  constructor(code, message, data) {
    super(message)
    this.code = code
    this.data = data
  }
}

export const NO_ANSWER = Symbol('no answer')
