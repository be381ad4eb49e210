// Directives about size and number: what a bounded reader must survive. The pipe slows them, memory does not hold them.

const MIB = 1024 * 1024

export const floods = {
  /** @bigline MIB: one line of junk, never a message. */
  async bigline(turn, [mib = '1']) {
    const piece = 'x'.repeat(MIB)
    for (let n = 0; n < Number(mib); n++) await turn.wire.raw(piece)
    await turn.wire.raw('\n')
  },

  /** @bigchunk KIB: one correct message chunk. */
  bigchunk: (turn, [kib = '64']) => turn.say('b'.repeat(Number(kib) * 1024)),

  /** @flood N: small chunks as fast as they are read. */
  async flood(turn, [count = '1000']) {
    for (let n = 1; n <= Number(count) && !turn.cancelled; n++) {
      const written = turn.say(`f${n} `)
      if (n % 100 === 0) await written
    }
  },

  /** @flood-stderr MIB */
  async 'flood-stderr'(_turn, [mib = '1']) {
    const line = `${'e'.repeat(127)}\n`.repeat(512)
    for (let n = 0; n < Number(mib) * 16; n++) {
      await new Promise((resolve) => process.stderr.write(line, resolve))
    }
  },

  /** @junk [N]: lines that are no messages. */
  async junk(turn, [count = '3']) {
    for (let n = 1; n <= Number(count); n++) await turn.wire.raw(`warning: this is not JSON (${n})\n`)
  },

  /** @deep N: a correct line, nested so deeply. */
  async deep(turn, [levels = '1000']) {
    const nested = '['.repeat(Number(levels)) + ']'.repeat(Number(levels))
    const update = `{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"deep "},"_meta":{"x":${nested}}}`
    const params = `{"sessionId":${JSON.stringify(turn.session.id)},"update":${update}}`
    await turn.wire.raw(`{"jsonrpc":"2.0","method":"session/update","params":${params}}\n`)
  },
}
