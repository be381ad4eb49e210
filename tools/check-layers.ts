// Checks the table of layers over the whole repository. `--planted`: checks the check, on violations planted in a temp dir.
// Exit 0: clean and enough files seen. Exit 1: violations, too few files, or a planted violation that was not found.

import { checkTree } from './layers/check-tree.ts'
import { checkPlants, PLANTS } from './layers/planted.ts'
import { LINES_WARN, SOURCE_FILES_MIN } from './layers/table.ts'

function main(args: readonly string[]): number {
  if (args.includes('--planted')) return reportPlants()
  const root = args.find((arg) => !arg.startsWith('-')) ?? `${import.meta.dirname}/..`
  return reportTree(root)
}

function reportTree(root: string): number {
  const { violations, sourceFiles, files, longFiles } = checkTree(root)
  for (const { path, lines } of longFiles) console.log(`note: ${path} has ${lines} lines (aim: under ${LINES_WARN})`)
  for (const { path, line, rule, message } of violations) console.log(`${path}:${line} ${rule}: ${message}`)
  const isEnough = sourceFiles >= SOURCE_FILES_MIN
  if (!isEnough) console.log(`only ${sourceFiles} source files seen; at least ${SOURCE_FILES_MIN} expected`)
  console.log(`${files} files checked, ${violations.length} violations`)
  return isEnough && violations.length === 0 ? 0 : 1
}

function reportPlants(): number {
  const wrong = checkPlants()
  for (const line of wrong) console.log(line)
  console.log(`${PLANTS.length} planted trees, ${wrong.length} judged wrongly`)
  return wrong.length === 0 ? 0 : 1
}

process.exitCode = main(process.argv.slice(2))
