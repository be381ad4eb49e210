// What an option is: its kind, default, names in the environment and on the command line, and the paragraph that explains it.

export type OptionKind =
  | { readonly kind: 'integer'; readonly min: number; readonly max: number }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'choice'; readonly values: readonly string[] }
  | { readonly kind: 'path' }
  | { readonly kind: 'list'; readonly of: 'text' | 'path' }

export interface Option {
  readonly type: OptionKind
  /** Undefined: no value unless somebody gives one. */
  readonly default: number | boolean | string | readonly string[] | undefined
  readonly env: string
  /** True: a new value holds from the next reload on. False: from the next start of the gateway on. */
  readonly reload: boolean
  /** Long flag of `holdfast serve`, without dashes. */
  readonly flag?: string
  /** For people: docs/config.md is made of these. */
  readonly text: string
}

export type ValueOf<T extends OptionKind> = T extends { kind: 'integer' }
  ? number
  : T extends { kind: 'boolean' }
    ? boolean
    : T extends { kind: 'choice'; values: readonly (infer V)[] }
      ? V
      : T extends { kind: 'list' }
        ? readonly string[]
        : string

/** Where a value came from; the later one wins: default, file, environment, flag. */
export type Origin = 'default' | 'file' | 'env' | 'flag'

export const integer = <const Min extends number, const Max extends number>(min: Min, max: Max) =>
  ({ kind: 'integer', min, max }) as const

export const boolean = { kind: 'boolean' } as const
export const path = { kind: 'path' } as const
export const texts = { kind: 'list', of: 'text' } as const
export const paths = { kind: 'list', of: 'path' } as const

export const choice = <const V extends readonly string[]>(...values: V) => ({ kind: 'choice', values }) as const
