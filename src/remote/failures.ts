// Why an agent elsewhere cannot be reached, or not any more, in words for a person. No header, no query and no credential is in them.

import { HoldfastError } from '../base/errors.ts'
import { redactSecrets } from '../base/redact.ts'

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
  ENOTFOUND: 'its host name is not known',
  EAI_AGAIN: 'its host name could not be looked up now',
  ETIMEDOUT: 'it does not answer',
  EHOSTUNREACH: 'there is no way to its host',
  ENETUNREACH: 'there is no way to its network',
  CERT_HAS_EXPIRED: 'its TLS certificate has expired',
  CERT_NOT_YET_VALID: 'its TLS certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its TLS certificate is signed by itself; trust it with NODE_EXTRA_CA_CERTS',
  SELF_SIGNED_CERT_IN_CHAIN:
    'its TLS certificate is signed by an authority that is not trusted here; see NODE_EXTRA_CA_CERTS',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'its TLS certificate is signed by an authority that is not trusted here; see NODE_EXTRA_CA_CERTS',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its TLS certificate is signed by an authority that is not trusted here; see NODE_EXTRA_CA_CERTS',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its TLS certificate is for another host name',
  EPROTO: 'no TLS connection came about; perhaps it speaks none there',
  HPE_INVALID_CONSTANT: 'it does not speak HTTP there',
}

/** What a socket, a name look-up or TLS says. */
export function wordsOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (typeof code !== 'string') return 'the connection failed'
  return WORDS[code] ?? `the connection failed (${code.slice(0, 60)})`
}

export function unreachable(agent: string, reason: string, cause?: unknown): HoldfastError {
  return new HoldfastError('AGENT_UNREACHABLE', { agent, reason }, { cause })
}

export function disconnected(agent: string, reason: string, cause?: unknown): HoldfastError {
  return new HoldfastError('AGENT_DISCONNECTED', { agent, reason }, { cause })
}

/** What was sent waits for too long, or is too much. */
export function stalled(agent: string): HoldfastError {
  return disconnected(agent, 'the other side does not take what is sent')
}

/** The status with which the server refused the connection. A redirect is not followed: credentials would go along. */
export function refusedBy(agent: string, status: number): HoldfastError {
  if (status === 401 || status === 403) {
    const reason = `its server refused the connection (HTTP ${status}); check the headers of the agent in the configuration`
    return new HoldfastError('AGENT_AUTH_REQUIRED', { agent, reason, status })
  }
  const isRedirect = status >= 300 && status < 400
  const reason = isRedirect
    ? `its server sends us elsewhere (HTTP ${status}), which is not followed: configure the address that it means`
    : `its server refused the connection (HTTP ${status})`
  return new HoldfastError('AGENT_UNREACHABLE', { agent, reason, status })
}

// oxlint-disable-next-line no-control-regex -- to find them is what it is for
const CONTROLS = /[\x00-\x1f\x7f-\x9f]+/g

/** The end of a WebSocket: RFC 6455 names these codes. `text` has at most 123 bytes. */
export function closedWith(agent: string, code: number, text: string): HoldfastError {
  // No frame said goodbye (1006), or one without a code (1005).
  if (code === 1006) return disconnected(agent, 'it was cut')
  if (code === 1005) return disconnected(agent, 'the other side closed it')
  const words = text === '' ? '' : `: ${redactSecrets(text).replaceAll(CONTROLS, ' ')}`
  return disconnected(agent, `the other side closed it (${code}${words})`)
}
