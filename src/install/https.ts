// GET over https for commands that a person typed: bounded, without credentials, and to another host only where that is allowed.

import { HoldfastError } from '../base/errors.ts'

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

export interface HttpsRequest {
  readonly fetch: Fetch
  readonly signal: AbortSignal
  /** Download servers send to their storage; what is fetched there is checked in another way. */
  readonly mayChangeHost: boolean
}

/** Why a download did not work, in words for the message of the caller's error. */
export class HttpsFailure extends Error {}

const REDIRECTS_MAX = 5

/** A response with status 200 and a body. HttpsFailure otherwise. */
export async function openHttps(
  address: string,
  { fetch, signal, mayChangeHost }: HttpsRequest,
): Promise<ReadableStream<Uint8Array>> {
  const first = httpsUrl(address)
  let url = first
  for (let i = 0; i <= REDIRECTS_MAX; i++) {
    const response = await request(fetch, url, signal)
    const { status, headers, body } = response
    if (status === 200 && body !== null) return body as ReadableStream<Uint8Array>
    await body?.cancel()
    const location = headers.get('location')
    if (status < 300 || status >= 400 || location === null) throw new HttpsFailure(`${url.host} answered ${status}`)
    const next = httpsUrl(new URL(location, url).href)
    if (!mayChangeHost && next.host !== first.host)
      throw new HttpsFailure(`it sends to another host (${next.host}); give that address if you trust it`)
    url = next
  }
  throw new HttpsFailure('it is redirected too often')
}

async function request(fetch: Fetch, url: URL, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url.href, { redirect: 'manual', credentials: 'omit', signal })
  } catch (cause) {
    if (signal.aborted) throw new HttpsFailure('it took too long', { cause })
    throw new HttpsFailure(`${url.host} cannot be reached`, { cause })
  }
}

function httpsUrl(address: string): URL {
  const url = URL.parse(address)
  if (url === null) throw new HttpsFailure('the address is not valid')
  if (url.protocol !== 'https:') throw new HttpsFailure('only https is used')
  if (url.username !== '' || url.password !== '') throw new HttpsFailure('an address with a password is not used')
  return url
}

/** The chunks of `body`; HttpsFailure once they are more than `bytesMax`. */
export async function* bounded(body: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.byteLength
    if (bytes > bytesMax) throw new HttpsFailure(`it has more than ${bytesMax} bytes`)
    yield chunk
  }
}

/** As an expected error; anything else is thrown as it is. */
export function failureReason(error: unknown): string {
  if (error instanceof HttpsFailure) return error.message
  if (error instanceof HoldfastError) throw error
  const { name, code } = error as NodeJS.ErrnoException
  if (name === 'AbortError' || name === 'TimeoutError') return 'it took too long'
  if (code === 'ENOENT') return 'there is no such file'
  if (typeof code === 'string') return `it cannot be read (${code})`
  throw error
}
