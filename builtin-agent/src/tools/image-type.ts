// What kind of image bytes are, by what they begin with; only those that providers take. A conversation with an image that is none
// could not be sent to a model again.

export type ImageType = 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp'

/** Enough to tell. */
const HEAD_BYTES = 12
const BASE64_CHARS = (HEAD_BYTES / 3) * 4
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/** Undefined when it is none of them. */
export function imageTypeOf(bytes: Buffer): ImageType | undefined {
  const head = bytes.toString('latin1', 0, HEAD_BYTES)
  if (head.startsWith('\u0089PNG\r\n\u001A\n')) return 'image/png'
  if (head.startsWith('\u00FF\u00D8\u00FF')) return 'image/jpeg'
  if (/^GIF8[79]a/.test(head)) return 'image/gif'
  return /^RIFF.{4}WEBP/s.test(head) ? 'image/webp' : undefined
}

/** As above, of what is written in base64; undefined also when it is not. */
export function imageTypeOfBase64(data: string): ImageType | undefined {
  if (data.length % 4 !== 0 || !BASE64.test(data)) return undefined
  return imageTypeOf(Buffer.from(data.slice(0, BASE64_CHARS), 'base64'))
}
