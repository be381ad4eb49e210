// Signals from a test. A pid that is not there must not become 0: that is the group of whoever runs the tests.

/** Throws for anything that is not the pid of one ordinary process. */
export function killPid(pid: number | null | undefined, signal: NodeJS.Signals): void {
  if (!Number.isSafeInteger(pid) || pid! <= 1) throw new Error(`${pid} is no pid to send ${signal} to`)
  process.kill(pid!, signal)
}
