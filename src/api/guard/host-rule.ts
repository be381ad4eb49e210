// Which Host headers are ours: the loopback names with our port, or what the configuration names. Against DNS rebinding.

const LOOPBACK_NAMES = ['127.0.0.1', 'localhost', '[::1]']
const SOCKET_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/

export class HostRule {
  readonly #names: { readonly allowedHosts: readonly string[] }
  #own: ReadonlySet<string> = new Set()

  /** `names` is read at each use. */
  constructor(port: number | undefined, names: { readonly allowedHosts: readonly string[] }) {
    this.#names = names
    if (port !== undefined) this.setPort(port)
  }

  /** The port is known only when it listens. */
  setPort(port: number): void {
    const names = LOOPBACK_NAMES.map((name) => `${name}:${port}`)
    this.#own = new Set([...names, ...(port === 80 ? LOOPBACK_NAMES : [])])
  }

  /** On TCP the port must be ours, too: another server of this machine is a stranger. */
  allowsTcp(host: string): boolean {
    return this.#own.has(host) || this.#names.allowedHosts.includes(host)
  }

  /** On the unix socket there is no port and no rebinding; any loopback name is fine. */
  allowsSocket(host: string): boolean {
    return SOCKET_HOST.test(host) || this.#names.allowedHosts.includes(host)
  }
}
