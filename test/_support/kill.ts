// Signals from a test. A pid that is not there must not become 0: that is the group of whoever runs the tests.

/** False when it is gone already. Throws for anything that is not the pid of one ordinary process. */
export function killPid(pid: number | null | undefined, signal: NodeJS.Signals): boolean {
  if (!Number.isSafeInteger(pid) || pid! <= 1) throw new Error(`${pid} is no pid to send ${signal} to`)
  try {
    return process.kill(pid!, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}
