// `initialize`, at once or with a delay, and every way it can go wrong.

import { NO_ANSWER, Refusal } from './refusal.mjs'

export function initialize(agent, params) {
  const delayMs = Number(agent.flags['init-delay'] ?? 0)
  if (delayMs === 0) return answer(agent, params)
  return new Promise((resolve) => setTimeout(() => resolve(answer(agent, params)), delayMs))
}

function answer({ wire, flags, journal, login }, params) {
  if (flags.init) return FAILURES[flags.init](wire)
  journal('initialized', { protocolVersion: params.protocolVersion })
  return {
    protocolVersion: 1,
    agentCapabilities: capabilities(flags),
    agentInfo: { name: 'scripted-agent', title: 'Scripted agent', version: '1.0.0' },
    authMethods: login.methods(params.clientCapabilities),
  }
}

const FAILURES = {
  hang: () => NO_ANSWER,
  crash() {
    process.stderr.write('scripted-agent: fatal: no provider configured\n')
    process.exit(1)
  },
  exit0: () => process.exit(0),
  junk(wire) {
    void wire.raw('Usage: agent [options]\n{"not":"closed"\n\u0000\u0001\n')
    return NO_ANSWER
  },
  /** The answer, over several lines. */
  pretty(wire) {
    void wire.raw(`${JSON.stringify({ jsonrpc: '2.0', id: 0, result: { protocolVersion: 1 } }, null, 2)}\n`)
    return NO_ANSWER
  },
  /** A program that never stops talking, and speaks no ACP. */
  flood(wire) {
    void wire.raw('please log in\n'.repeat(60_000))
    return NO_ANSWER
  },
  error() {
    throw new Refusal(-32603, 'initialize failed on purpose')
  },
  badver: () => ({ protocolVersion: 99, agentCapabilities: {} }),
}

function capabilities(flags) {
  return {
    loadSession: !flags['no-load'],
    promptCapabilities: { image: false, audio: false, embeddedContext: true },
    ...(flags.login ? { auth: { logout: {} } } : {}),
    mcpCapabilities: { http: false, sse: false },
    sessionCapabilities: {
      ...(flags['no-close'] ? {} : { close: {} }),
      ...(flags.resume ? { resume: {} } : {}),
      ...(flags.list ? { list: {} } : {}),
      ...(flags.delete ? { delete: {} } : {}),
      ...(flags.fork ? { fork: {} } : {}),
    },
  }
}
