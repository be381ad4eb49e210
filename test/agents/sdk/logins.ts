// What the agent says of itself, and who is logged in: whoever has made the file of the login.

import { existsSync, rmSync, writeFileSync } from 'node:fs'

import { RequestError } from '@agentclientprotocol/sdk/unstable'
import type { AgentCapabilities, AgentRequestHandler, AuthenticateRequest } from '@agentclientprotocol/sdk/unstable'
import type { InitializeRequest, InitializeResponse, LogoutRequest } from '@agentclientprotocol/sdk/unstable'

const capabilities = (canResume: boolean): AgentCapabilities => ({
  loadSession: true,
  promptCapabilities: { image: true, audio: true, embeddedContext: true },
  mcpCapabilities: { http: true, sse: true },
  sessionCapabilities: {
    list: {},
    delete: {},
    additionalDirectories: {},
    resume: canResume ? {} : null,
    close: {},
    fork: {},
  },
  auth: { logout: {} },
  _meta: { 'peer.test/kind': 'sdk' },
})

export class Logins {
  readonly #file: string | undefined
  readonly #canResume: boolean

  constructor(file: string | undefined, canResume: boolean) {
    this.#file = file
    this.#canResume = canResume
  }

  logIn(): void {
    if (this.#file !== undefined) writeFileSync(this.#file, 'yes')
  }

  /** -32000 when nobody is. */
  check(): void {
    if (this.#file !== undefined && !existsSync(this.#file)) throw RequestError.authRequired()
  }

  readonly initialize: AgentRequestHandler<InitializeRequest, InitializeResponse> = () => ({
    protocolVersion: 1,
    agentInfo: { name: 'sdk-agent', title: null, version: '1.0.0' },
    agentCapabilities: capabilities(this.#canResume),
    authMethods: [
      { id: 'by-itself', name: 'By itself', description: null },
      { type: 'terminal', id: 'by-hand', name: 'By hand', args: ['--log-in'], env: { LOGIN_HINT: 'none' } },
    ],
  })

  readonly authenticate: AgentRequestHandler<AuthenticateRequest, void> = ({ params }) => {
    if (params.methodId !== 'by-itself') throw RequestError.invalidParams({ methodId: params.methodId })
    this.logIn()
  }

  readonly logOut: AgentRequestHandler<LogoutRequest, void> = () => {
    if (this.#file !== undefined) rmSync(this.#file, { force: true })
  }
}
