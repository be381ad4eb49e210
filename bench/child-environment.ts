// The environment of what the benchmark starts: ours without anything that would change how Holdfast runs.

/** Our own variables, without those of Holdfast and of Node, and with `extra`. What is killed on purpose starts as ever. */
export function childEnvironment(extra: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (pair): pair is [string, string] => pair[1] !== undefined && !/^(HOLDFAST_|NODE_OPTIONS$|XDG_)/.test(pair[0]),
  )
  return { ...Object.fromEntries(kept), HOLDFAST_SUPERVISION_CRASHES_MAX: '0', ...extra }
}
