// Directives that ask the client to run commands in terminals.

/** Ids of terminals that were not released, oldest first. */
const kept = []

export const terminals = {
  /** @term COMMAND ARGS: a terminal used properly. */
  async term(turn, [command, ...args]) {
    const created = await turn.call('terminal/create', { command, args })
    if (created.error) await turn.say(`terminal error ${created.error.code}: ${created.error.message} `)
    else await use(turn, created.result.terminalId)
  },

  /** @term-leak COMMAND ARGS: a terminal that is never released. */
  async 'term-leak'(turn, [command, ...args]) {
    const { result, error } = await turn.call('terminal/create', { command, args })
    if (result) kept.push(result.terminalId)
    turn.journal('terminal', { id: turn.id, terminalId: result?.terminalId, error: error?.code })
    await turn.say(error ? `terminal error ${error.code} ` : `terminal ${result.terminalId} `)
  },

  /** Shows, kills and releases the terminal that was kept last, then shows it once more. */
  async 'term-end'(turn) {
    const terminalId = kept.pop()
    const { result: running } = await turn.call('terminal/output', { terminalId })
    await turn.call('terminal/kill', { terminalId })
    const { result: exit } = await turn.call('terminal/wait_for_exit', { terminalId })
    const { result: killed } = await turn.call('terminal/output', { terminalId })
    const released = await turn.call('terminal/release', { terminalId })
    const { error } = await turn.call('terminal/output', { terminalId })
    turn.journal('term-end', { terminalId, running, exit, killed, released, after: error?.code })
    await turn.say(`ended by ${exit?.signal} `)
  },

  /** @term-crowd N: so many that sleep, all at once; none is released. */
  async 'term-crowd'(turn, [count = '40']) {
    const create = () => turn.call('terminal/create', { command: 'sleep', args: ['600'] })
    const answers = await Promise.all(Array.from({ length: Number(count) }, create))
    const errors = answers.flatMap(({ error }) => (error ? [error.code] : []))
    await turn.say(`crowd: ${answers.length - errors.length} run, refused ${[...new Set(errors)].join()} `)
  },

  /** @term-flood MIB: a terminal that prints so much. */
  async 'term-flood'(turn, [mib = '1']) {
    const code = `for (let n = 0; n < ${Number(mib)}; n++) require('fs').writeSync(1, '\\u00e4'.repeat(524288))`
    const created = await turn.call('terminal/create', {
      command: process.execPath,
      args: ['-e', code],
      outputByteLimit: 65_535,
    })
    const terminalId = created.result?.terminalId
    if (terminalId) await measure(turn, terminalId)
    else await turn.say(`terminal refused: ${created.error?.code} `)
  },
}

async function use(turn, terminalId) {
  const [{ result }, { result: same }] = await Promise.all([
    turn.call('terminal/wait_for_exit', { terminalId }),
    turn.call('terminal/wait_for_exit', { terminalId }),
  ])
  const { result: shown } = await turn.call('terminal/output', { terminalId })
  await turn.call('terminal/release', { terminalId })
  const how = result.exitCode === same.exitCode ? result.exitCode : 'not the same for all'
  await turn.say(`terminal exit ${how}: ${shown.output.slice(0, 1000)} `)
}

async function measure(turn, terminalId) {
  await turn.call('terminal/wait_for_exit', { terminalId })
  const { result } = await turn.call('terminal/output', { terminalId })
  await turn.call('terminal/release', { terminalId })
  await turn.say(`terminal: ${Buffer.byteLength(result.output)} bytes, truncated ${result.truncated} `)
}
