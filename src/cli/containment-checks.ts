// What `holdfast doctor` says of containment: what this machine can do, and whether that is what the configuration asks for.

import type { Config } from '../config/config.ts'
import { containmentOf } from '../config/containment.ts'
import type { ContainmentAbilities } from './deps.ts'
import type { Check } from './doctor-checks.ts'

type Ability = Exclude<keyof ContainmentAbilities, 'tagging'>

const NAMES: Readonly<Record<Ability, string>> = {
  bwrap: 'bwrap',
  cgroup: 'cgroup',
  memoryLimit: 'memory limit',
  processLimit: 'process limit',
}

const TAGGING: Readonly<Record<ContainmentAbilities['tagging'], string>> = {
  prlimit: 'prlimit and marker: found whatever it does, unless it lowers its own limits on purpose',
  ulimit: 'ulimit and marker: found whatever it does, unless it lowers its own limits on purpose',
  marker: 'marker alone: a child that clears its environment is not found',
}

/** One line for each row of the matrix. `config` is undefined when it could not be read: then nothing is known to be needed. */
export function checkContainment(abilities: ContainmentAbilities, config: Config | undefined): Check[] {
  const { tagging } = abilities
  const tag: Check = { name: 'tag', result: tagging === 'marker' ? 'warn' : 'ok', detail: TAGGING[tagging] }
  return [tag, ...(Object.keys(NAMES) as Ability[]).map((ability) => checkAbility(ability, abilities, config))]
}

function checkAbility(ability: Ability, abilities: ContainmentAbilities, config: Config | undefined): Check {
  const name = NAMES[ability]
  const { works, reason } = abilities[ability]
  const users = config === undefined ? [] : usersOf(ability, config)
  const use = users.length === 0 ? 'optional, not used' : `used by ${users.join(', ')}`
  if (works) return { name, result: 'ok', detail: `works; ${use}` }
  const why = `does not work here: ${reason ?? 'unknown'}`
  return { name, result: users.length === 0 ? 'ok' : 'fail', detail: `${use}; ${why}` }
}

/** Agents whose start would need it; those without a definition of their own are `every other agent`. */
function usersOf(ability: Ability, { agents, agentDefinitions }: Config): string[] {
  const own = [...agentDefinitions].map(([name, fields]) => ({ name, fields }))
  return [...own, { name: 'every other agent', fields: {} }]
    .filter(({ fields }) => isNeeded(ability, containmentOf(agents, fields)))
    .map(({ name }) => name)
}

function isNeeded(ability: Ability, choice: ReturnType<typeof containmentOf>): boolean {
  switch (ability) {
    case 'bwrap':
    case 'cgroup':
      return choice.mode === ability
    case 'memoryLimit':
      return choice.mode === 'cgroup' && choice.memoryBytesMax > 0
    case 'processLimit':
      return choice.mode === 'cgroup' && choice.processesMax > 0
    default:
      return ability satisfies never
  }
}
