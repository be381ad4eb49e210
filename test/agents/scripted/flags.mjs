// The agent's command line: `--name=value` or `--name`; journal and state also by environment.

/** Unknown flags are an error, so that a misspelt one cannot make a test pass. */
export function readFlags(args, env) {
  const flags = { journal: env.CHAOS_JOURNAL, state: env.CHAOS_STATE }
  for (const arg of args) {
    const match = /^--([a-z-]+)(?:=(.*))?$/s.exec(arg)
    const allowed = match ? VALUES[match[1]] : undefined
    if (!allowed || (allowed !== ANY && !allowed.includes(match[2]))) {
      process.stderr.write(`scripted-agent: unknown flag ${arg}\n`)
      process.exit(64)
    }
    flags[match[1]] = match[2] ?? true
  }
  return flags
}

const ANY = 'any'
const SWITCH = [undefined]

const VALUES = {
  journal: ANY,
  state: ANY,
  init: ['hang', 'crash', 'junk', 'pretty', 'flood', 'exit0', 'badver', 'error'],
  new: ['hang', 'error', 'auth'],
  load: ['hang', 'error'],
  login: ANY,
  'log-in': SWITCH,
  auth: ['hang', 'error'],
  'init-delay': ANY,
  term: ['ignore'],
  eof: ['ignore', 'daemon'],
  banner: SWITCH,
  'no-load': SWITCH,
  'no-close': SWITCH,
  resume: SWITCH,
  list: SWITCH,
  fork: SWITCH,
  delete: [undefined, 'keeps'],
  modes: SWITCH,
  config: SWITCH,
}
