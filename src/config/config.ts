// The configuration as the program gets it: nested, typed by the option table, frozen.

import type { AgentOption } from './agent-definitions.ts'
import type { McpServerOption } from './mcp-servers.ts'
import type { OptionName, OPTIONS } from './options.ts'
import type { Origin, ValueOf } from './option.ts'

type Table = typeof OPTIONS

type Section = OptionName extends `${infer S}.${string}` ? S : never

/** A value without a default may be absent. */
type Value<Name extends OptionName> = Table[Name]['default'] extends undefined
  ? ValueOf<Table[Name]['type']> | undefined
  : ValueOf<Table[Name]['type']>

type Slice<S extends string> = {
  readonly [Name in OptionName as Name extends `${S}.${infer Rest}` ? Rest : never]: Value<Name>
}

export type Config = { readonly [S in Section]: Slice<S> } & {
  /** By name, in the order of the file. */
  readonly agentDefinitions: ReadonlyMap<string, AgentOption>
  /** By name, in the order of the file. */
  readonly mcpServers: ReadonlyMap<string, McpServerOption>
  readonly origins: Readonly<Record<OptionName, Origin>>
  /** The file that was read; undefined when there was none. */
  readonly file: string | undefined
}
