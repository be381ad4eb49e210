// The configuration of a running gateway: one object that is renewed by a reload, and views of it for the parts.
// Whoever wants the newest value reads it at each use and keeps nothing of it. Decides nothing about what may change.

import type { Config } from './config.ts'

export class LiveConfig {
  #current: Config
  readonly #views: View<object>[] = []

  constructor(config: Config) {
    this.#current = config
  }

  get current(): Config {
    return this.#current
  }

  /**
   * An object whose fields are those of `derive` for the newest configuration. Reading one costs what reading any field costs: the
   * fields are written when the configuration changes. `derive` must always give the same fields, and throws nothing for a valid
   * configuration.
   */
  view<T extends object>(derive: (config: Config) => T): Readonly<T> {
    const fields = { ...derive(this.#current) }
    this.#views.push({ fields, derive })
    return fields
  }

  /** Makes `config` the newest one for every reader at once; when a view cannot be made of it, for none. */
  use(config: Config): void {
    const renewed = this.#views.map(({ fields, derive }) => [fields, derive(config)] as const)
    this.#current = config
    for (const [fields, values] of renewed) Object.assign(fields, values)
  }
}

interface View<T extends object> {
  readonly fields: T
  derive(config: Config): T
}
