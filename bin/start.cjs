// Starts Holdfast on a Node that can: TypeScript from a checkout, JavaScript from a published package (which has no src).
// Only the launcher loads this. Keeps compiled code in the user's own cache, never in a shared directory.
'use strict'

const { existsSync } = require('node:fs')
const { enableCompileCache } = require('node:module')
const { homedir } = require('node:os')
const { join } = require('node:path')
const { pathToFileURL } = require('node:url')

function start() {
  keepCompiledCode()
  const root = join(__dirname, '..')
  const source = join(root, 'src', 'bin', 'holdfast.ts')
  const entry = existsSync(source) ? source : join(root, 'dist', 'bin', 'holdfast.js')
  return import(pathToFileURL(entry).href)
}

function keepCompiledCode() {
  try {
    enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'holdfast', 'compiled'))
  } catch {
    // No home directory: start without a cache.
  }
}

void start()
