// The port between the client and whatever carries HTTP: fetch in browsers and Node, a unix socket in the CLI.

export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path and query, starting with a slash. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** Ends the request, or the reading of its answer. */
  readonly signal: AbortSignal
}

export interface TransportResponse {
  readonly status: number
  header(name: string): string | undefined
  text(): Promise<string>
  /** The body as it arrives. Leaving the loop closes the connection. */
  chunks(): AsyncIterable<Uint8Array>
}

export interface Transport {
  /** For messages: where the gateway is expected. */
  readonly address: string
  /** Rejects when no answer came; any status is an answer. */
  send(request: TransportRequest): Promise<TransportResponse>
}
