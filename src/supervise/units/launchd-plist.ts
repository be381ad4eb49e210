// The job of launchd: a property list. Its own quoting, and what launchd needs that systemd has no word for.

import { HoldfastError } from '../../base/errors.ts'
import { SUPERVISOR_VARIABLE } from '../detect-supervisor.ts'
import { headOf, type ServicePlan } from './service-plan.ts'

export const LAUNCHD_LABEL = 'dev.holdfast.gateway'

/** launchd starts a job that failed no faster than this, in seconds. */
const THROTTLE_SECONDS = 10
const FILES_MAX = 65_536

type Value = string | number | boolean | readonly string[] | { readonly [key: string]: Value }

/**
 * Kept alive unless it ends well: launchd knows no exit codes. So a gateway that is asked to stop, and one that finds another one running,
 * exit with 0; one that wants to be started again does not.
 */
export function launchdPlist(plan: ServicePlan): string {
  const { gateway, env, logFile } = plan
  const job: Record<string, Value> = {
    Label: LAUNCHD_LABEL,
    ProgramArguments: gateway,
    EnvironmentVariables: { ...env, [SUPERVISOR_VARIABLE]: `launchd:${LAUNCHD_LABEL}` },
    RunAtLoad: true,
    KeepAlive: { SuccessfulExit: false },
    ThrottleInterval: THROTTLE_SECONDS,
    ProcessType: 'Interactive',
    Umask: 0o077,
    SoftResourceLimits: { NumberOfFiles: FILES_MAX },
    StandardErrorPath: logFile,
  }
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    ...headOf(plan).map((line) => `<!-- ${commentText(line)} -->`),
    `<plist version="1.0">\n${element(job, '')}\n</plist>\n`,
  ].join('\n')
}

/** Two hyphens end a comment, whatever stands around them. */
export function commentText(text: string): string {
  return xmlText(text).replaceAll('-', '&#45;')
}

export function xmlText(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what XML 1.0 cannot hold
  if (/[\u0000-\u001f\u007f]/.test(text)) {
    const reason = `a property list cannot hold a control character: ${JSON.stringify(text)}`
    throw new HoldfastError('SUPERVISOR_UNAVAILABLE', { reason })
  }
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function element(value: Value, indent: string): string {
  const inner = `${indent}  `
  if (typeof value === 'string') return `${indent}<string>${xmlText(value)}</string>`
  if (typeof value === 'number') return `${indent}<integer>${value}</integer>`
  if (typeof value === 'boolean') return `${indent}<${value}/>`
  if (isList(value))
    return `${indent}<array>\n${value.map((each) => element(each, inner)).join('\n')}\n${indent}</array>`
  const pairs = Object.entries(value).map(
    ([key, each]) => `${inner}<key>${xmlText(key)}</key>\n${element(each, inner)}`,
  )
  return `${indent}<dict>\n${pairs.join('\n')}\n${indent}</dict>`
}

function isList(value: Value): value is readonly string[] {
  return Array.isArray(value)
}
