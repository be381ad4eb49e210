// Carries requests over fetch: browsers, Node and workers.

import type { Transport, TransportRequest, TransportResponse } from './transport.ts'

export interface FetchTransportOptions {
  /** Base address, such as `http://127.0.0.1:7433`. */
  readonly url: string
  /** For tests and for runtimes with another fetch. */
  readonly fetch?: typeof fetch
}

/** A transport that never sends cookies, never follows redirects and never caches. */
export function createFetchTransport({ url, fetch: call = fetch }: FetchTransportOptions): Transport {
  const base = url.replace(/\/+$/, '')
  const send = async ({ method, path, headers, body, signal }: TransportRequest): Promise<TransportResponse> => {
    const init: RequestInit = { method, headers: { ...headers }, signal, ...FETCH_INIT }
    const response = await call(`${base}${path}`, body === undefined ? init : { ...init, body })
    return {
      status: response.status,
      header: (name) => response.headers.get(name) ?? undefined,
      text: () => response.text(),
      chunks: () => response.body ?? NOTHING,
    }
  }
  return { address: base, send }
}

const FETCH_INIT = { redirect: 'error', credentials: 'omit', cache: 'no-store' } as const

const NOTHING: AsyncIterable<Uint8Array> = {
  async *[Symbol.asyncIterator]() {},
}
