// Directives about the course of a turn: how long, how much, how it is answered.

export const flow = {
  /** Three chunks. */
  async echo(turn, words) {
    const text = words.join(' ')
    const third = Math.ceil(text.length / 3)
    await turn.say(`echo: ${text.slice(0, third)}`)
    await turn.say(text.slice(third, 2 * third))
    await turn.say(text.slice(2 * third))
  },

  say: (turn, words) => turn.say(words.join(' ')),

  /** @chunks N [MS between] */
  async chunks(turn, [count = '3', ms = '0']) {
    for (let n = 1; n <= Number(count) && !turn.cancelled; n++) {
      await turn.say(`chunk ${n} `)
      if (Number(ms) > 0) await turn.wait(Number(ms))
    }
  },

  /** @sleep MS: silent, ends at a cancel. */
  sleep: (turn, [ms = '1000']) => turn.wait(Number(ms)),

  /** Silent until cancelled, then answers `cancelled`. */
  hang: (turn) => new Promise((resolve) => turn.signal.addEventListener('abort', resolve, { once: true })),

  /** Never ends, whatever comes. */
  'hang-deaf': () => new Promise(() => {}),

  /** @late MS: deaf to a cancel for so long, then more output and the answer. */
  async late(turn, [ms = '3000']) {
    await new Promise((resolve) => setTimeout(resolve, Number(ms)))
    await turn.say('late output')
  },

  /** The turn ends without an answer. */
  'no-reply': (turn) => void (turn.answer = 'never'),
  'reply-twice': (turn) => void (turn.answer = 'twice'),
  'reply-wrong-id': (turn) => void (turn.answer = 'wrong-id'),

  /** @after N: updates after the answer. */
  after: (turn, [count = '1']) => void (turn.updatesAfter = Number(count)),

  /** @wake MS: works by itself so long after it was asked, whatever became of the turn. */
  wake: (turn, [ms = '2000']) => void setTimeout(() => void turn.say('woke up'), Number(ms)),

  /** @error CODE TEXT */
  error: (turn, [code = '-32603', ...words]) => void (turn.error = { code: Number(code), message: words.join(' ') }),

  /** @stop REASON */
  stop: (turn, [reason = 'end_turn']) => void (turn.stopReason = reason),

  /** @compact STATUS: its context is being summed up, or was. */
  compact: (turn, [status = 'in_progress']) =>
    turn.update({ sessionUpdate: 'compaction_update', compactionId: 'c1', status }),

  /** What the agent remembers of the conversation before this prompt. */
  recall(turn) {
    const texts = turn.session.history.filter(({ role }) => role === 'user').map(({ text }) => text)
    return turn.say(`recall ${texts.length - 1}: ${texts.slice(0, -1).join(' | ')}`)
  },
}
