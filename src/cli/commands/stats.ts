// `holdfast stats`: what the sessions did since the gateway started.

import type { StatisticsView } from '../../wire/insight.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { openGateway } from '../gateway.ts'
import type { Style } from '../output/style.ts'
import { facts } from '../output/table.ts'
import { age } from '../output/time.ts'

export async function stats(context: CommandContext): Promise<number> {
  const { screen } = context
  using gateway = await openGateway({ ...context, mayStart: false })
  const view = await gateway.client.statistics()
  if (screen.json) screen.record(view)
  else screen.print(statisticsText(view, screen.style))
  return EXIT.done
}

function statisticsText(view: StatisticsView, style: Style): string {
  const { agents, permissions } = view
  return facts(
    [
      ['since', `${age(view.since, Date.now())} ago`],
      ['turns', `${view.turns_accepted} accepted, ${countsText(view.turns_ended) || 'none ended'}`],
      ['queue wait', distributionText(view.queue_wait)],
      ['run', distributionText(view.run)],
      ['errors', view.errors.map(({ code, count }) => `${code} ${count}`).join(', ') || 'none'],
      [
        'agents',
        `${agents.started} started, ${agents.failed_to_start} failed to start, ${agents.taken_over} taken over, ${agents.ended} ended (${agents.evicted} evicted)`,
      ],
      ['permissions', `${permissions.asked} asked, ${countsText(permissions.closed) || 'none closed'}`],
    ],
    style,
  )
}

function countsText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')
}

function distributionText({ count, p50_ms: p50, p95_ms: p95, max_ms: max }: StatisticsView['run']): string {
  if (count === 0) return 'nothing yet'
  return `p50 ${p50.toFixed(0)} ms, p95 ${p95.toFixed(0)} ms, longest ${max.toFixed(0)} ms, of ${count}`
}
