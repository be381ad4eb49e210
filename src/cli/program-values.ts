// Values as they are typed on the command line; a bad one is a mistake in usage.

import { InvalidArgumentError } from 'commander'

const PAGE_MAX = 200

/** How many rows of a list. */
export function pageLimit(text: string): number {
  const value = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (value < 1 || value > PAGE_MAX) throw new InvalidArgumentError(`Give a whole number from 1 to ${PAGE_MAX}.`)
  return value
}

/** Seconds above 0, at most about three weeks. */
export function positiveSeconds(text: string): number {
  const seconds = Number(text)
  if (!(seconds > 0 && seconds <= 2_000_000)) throw new InvalidArgumentError('Give a number of seconds above 0.')
  return seconds
}

export function positiveInteger(text: string): number {
  const value = wholeNumber(text)
  if (value === 0) throw new InvalidArgumentError('Give a whole number above 0.')
  return value
}

export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Give a whole number.')
  return Number(text)
}
