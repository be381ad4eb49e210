// Names the owner of an address that is taken, where it can be found: the message of PORT_IN_USE is all that a person gets.

import { HoldfastError, isHoldfastError } from '../base/errors.ts'
import { findPortOwner } from '../process/port-owner.ts'

/** Settles as `listening` does; a PORT_IN_USE says who has the address. */
export async function withPortOwner<T>(listening: Promise<T>): Promise<T> {
  try {
    return await listening
  } catch (error) {
    if (!isHoldfastError(error) || error.code !== 'PORT_IN_USE') throw error
    const { address } = error.details
    const owner = typeof address === 'string' ? findPortOwner(addressOf(address)) : undefined
    if (owner === undefined) throw error
    const { pid, program } = owner
    throw new HoldfastError('PORT_IN_USE', { address, owner: `${program} (pid ${pid})`, pid }, { cause: error })
  }
}

function addressOf(address: string): { path: string } | { port: number } {
  return address.startsWith('/') ? { path: address } : { port: Number(address.slice(address.lastIndexOf(':') + 1)) }
}
