import { expect, test } from 'vitest'

import { oddPlan, servicePlan } from '../../../test/_support/service-plan.ts'
import { launchdPlist } from './launchd-plist.ts'

/** Enough of XML for a property list: elements, text, the entities, comments. Throws for what is not well formed. */
function parse(text: string): unknown {
  let rest = text
    .replace(/^<\?xml[^>]*\?>\s*<!DOCTYPE[^>]*>/, '')
    .replaceAll(/<!--((?!--)[^])*-->/g, '')
    .trim()
  const take = (pattern: RegExp): string => {
    const match = pattern.exec(rest)
    if (match?.index !== 0) throw new Error(`expected ${pattern} at ${rest.slice(0, 40)}`)
    rest = rest.slice(match[0].length).trimStart()
    return match[1] ?? ''
  }
  const plain = (escaped: string): string => {
    if (/&(?!amp;|lt;|gt;|#45;)/.test(escaped)) throw new Error(`entity in ${escaped}`)
    return escaped.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
  }
  const value = (): unknown => {
    const tag = take(/<(\w+)/)
    if (tag === 'true' || tag === 'false') return (take(/\/>/), tag === 'true')
    take(/>/)
    if (tag === 'string') return plain(take(/([^<]*)<\/string>/))
    if (tag === 'integer') return Number(take(/(\d+)<\/integer>/))
    const items: unknown[] = []
    while (!rest.startsWith('</')) items.push(tag === 'dict' ? [plain(take(/<key>([^<]*)<\/key>/)), value()] : value())
    take(new RegExp(`</${tag}>`))
    return tag === 'dict' ? Object.fromEntries(items as [string, unknown][]) : items
  }
  take(/<plist version="1\.0">/)
  const result = value()
  take(/<\/plist>/)
  if (rest !== '') throw new Error(`left: ${rest}`)
  return result
}

test('the job is kept alive unless it ends well, and not restarted faster than every 10 s', () => {
  expect(parse(launchdPlist(servicePlan()))).toMatchObject({
    Label: 'dev.holdfast.gateway',
    ProgramArguments: ['/opt/node/bin/node', '/opt/holdfast/bin/holdfast.cjs', 'serve'],
    EnvironmentVariables: {
      PATH: '/opt/node/bin:/usr/bin:/bin',
      HOLDFAST_SUPERVISOR: 'launchd:dev.holdfast.gateway',
    },
    RunAtLoad: true,
    KeepAlive: { SuccessfulExit: false },
    ThrottleInterval: 10,
    Umask: 0o077,
  })
})

test('odd paths come out of the XML as they went in', () => {
  const plan = oddPlan('/Users/x--y')
  expect(parse(launchdPlist(plan))).toMatchObject({
    ProgramArguments: plan.gateway,
    EnvironmentVariables: plan.env,
    StandardErrorPath: plan.logFile,
  })
})

test('what XML cannot hold is refused', () => {
  const plan = servicePlan({ env: { PATH: '/a\u0007b' } })
  expect(() => launchdPlist(plan)).toThrow(expect.objectContaining({ code: 'SUPERVISOR_UNAVAILABLE' }))
})
