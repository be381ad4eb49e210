// Cookies of one connection to one address: kept and given back, so that a balancer leads all its requests to one server.
// In memory, for as long as the connection; attributes other than the end of a cookie do not matter for one address.

const COOKIES_MAX = 50
const COOKIE_CHARS_MAX = 4_096

export class Cookies {
  readonly #values = new Map<string, string>()

  /** The lines of `Set-Cookie`. */
  keep(lines: readonly string[]): void {
    for (const line of lines) this.#keepOne(line)
  }

  /** The value of `Cookie`; undefined without one. */
  header(): string | undefined {
    if (this.#values.size === 0) return undefined
    return [...this.#values].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  #keepOne(line: string): void {
    const [pair = '', ...attributes] = line.split(';')
    const at = pair.indexOf('=')
    const name = pair.slice(0, at).trim()
    if (at < 1 || pair.length > COOKIE_CHARS_MAX) return
    this.#values.delete(name)
    if (attributes.some(isEnd) || this.#values.size >= COOKIES_MAX) return
    this.#values.set(name, pair.slice(at + 1).trim())
  }
}

function isEnd(attribute: string): boolean {
  const [name = '', value = ''] = attribute.split('=')
  const kind = name.trim().toLowerCase()
  if (kind === 'max-age') return Number(value) <= 0
  return kind === 'expires' && Date.parse(value) <= Date.now()
}
