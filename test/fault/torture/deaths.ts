// Who dies in a round: always the gateway; sometimes the keeper too, with its warden or without, or before the gateway and alone.
// Remembers what that allows: a turn may be interrupted, and an agent must be gone, only when a keeper died.

import { setTimeout as sleep } from 'node:timers/promises'

import { killPid } from '../../_support/kill.ts'
import { identity, listLeaks, type LiveProcess } from '../../_support/leak-check.ts'
import type { TestGateway } from '../../_support/test-gateway.ts'
import type { Random } from '../../model/random.ts'

const ALONE_MS_MAX = 500

export class Deaths {
  readonly #gateway: TestGateway
  readonly #random: Random
  /** Agents of keepers that were killed. */
  readonly #doomed = new Set<string>()
  #gateways = 0
  #keepers = 0

  constructor(gateway: TestGateway, random: Random) {
    this.#gateway = gateway
    this.#random = random
  }

  /** Gateways killed so far. */
  get gateways(): number {
    return this.#gateways
  }

  get keepers(): number {
    return this.#keepers
  }

  /** Kills the life launched last, or `child`, and who is to die with it. */
  async strike(child = this.#gateway.process): Promise<void> {
    if (this.#random.chance(0.25)) await this.#killKeeperAlone()
    const withKeeper = this.#random.chance(0.35)
    // The warden first: then only the next start can end what is left.
    if (withKeeper && this.#random.chance(0.4)) this.#killWardens()
    if (withKeeper) this.#killKeepers()
    await this.killGateway(child)
  }

  async killGateway(child = this.#gateway.process): Promise<void> {
    await this.#gateway.kill('SIGKILL', child)
    this.#gateways += 1
  }

  agents(): LiveProcess[] {
    return this.#gateway.leaks().filter(({ command }) => command.includes('scripted-agent'))
  }

  /** Agents that live although their keeper was killed. */
  doomedAlive(): string[] {
    return this.agents()
      .map(identity)
      .filter((agent) => this.#doomed.has(agent))
  }

  /** The gateway lives on for a moment without its keeper. */
  async #killKeeperAlone(): Promise<void> {
    this.#killKeepers()
    await sleep(this.#random.int(ALONE_MS_MAX))
  }

  /** Those who start something at this very moment may start one more: it is looked at again when they are dead. */
  #killKeepers(): void {
    const keepers = this.#gateway.keepers()
    for (const keeper of keepers) killPid(keeper, 'SIGSTOP')
    for (const keeper of keepers) for (const agent of listLeaks({ ancestor: keeper })) this.#doomed.add(identity(agent))
    for (const keeper of keepers) killPid(keeper, 'SIGKILL')
    this.#keepers += keepers.length
  }

  #killWardens(): void {
    const keepers = this.#gateway.keepers()
    for (const keeper of keepers) killPid(keeper, 'SIGSTOP') // or it would start another one
    const children = keepers.flatMap((keeper) => listLeaks({ ancestor: keeper }))
    for (const { pid, command } of children) if (command.includes('warden.sh')) killPid(pid, 'SIGKILL')
  }
}
