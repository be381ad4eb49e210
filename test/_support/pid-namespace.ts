// Runs a program of the tests in a pid namespace of its own: it sees nothing but what it starts, and all of that ends with it.

import { spawnSync } from 'node:child_process'

const NAMESPACE = ['--pid', '--fork', '--mount-proc', '--kill-child'] as const

/** Whether one can be had, and whether the next pid can be chosen in it. */
export function hasPidNamespace(): boolean {
  const probe = 'echo 500 >/proc/sys/kernel/ns_last_pid && sh -c "test \\$\\$ = 501"; exit $?'
  return spawnSync('unshare', [...NAMESPACE, 'sh', '-c', probe]).status === 0
}

/** What `main` printed as JSON. Rejects with its stderr when it failed or took longer than `ms`. */
export function runInPidNamespace(main: string, ms: number): unknown {
  // The shell waits for whatever becomes its child: a zombie would keep its pid.
  const argv = [...NAMESPACE, 'sh', '-c', '"$0" "$1"; exit $?', process.execPath, main]
  const { status, stdout, stderr } = spawnSync('unshare', argv, { encoding: 'utf8', timeout: ms })
  if (status !== 0) throw new Error(`${main} ended with ${status}: ${stderr}`)
  return JSON.parse(stdout)
}
