// The tools about plans: `plan` shows the steps of the work, `finish_plan` presents a plan and asks to leave the mode that only reads.

import { isJsonObject, type Json, type JsonObject } from '../../../src/base/json.ts'
import { type PlanStep, stringArg } from './ground.ts'
import { textContent, type Tool, ToolFailure } from './tool.ts'

const STATUSES = ['pending', 'in_progress', 'completed'] as const

export const planTool: Tool = {
  name: 'plan',
  description:
    'Shows the steps of your work to the user. Use it for work of several steps, and again with all steps when one begins or is done.',
  parameters: {
    type: 'object',
    properties: {
      steps: {
        type: 'array',
        items: {
          type: 'object',
          properties: { content: { type: 'string' }, status: { type: 'string', enum: [...STATUSES] } },
          required: ['content', 'status'],
        },
      },
    },
    required: ['steps'],
  },
  kind: 'think',
  offeredIn: 'always',
  isSilent: true,
  title: () => 'Plan',
  async prepare(args, ground) {
    const steps = stepsOf(args['steps'])
    return {
      run: async () => {
        ground.showPlan(steps)
        return { text: `The plan has ${steps.length} steps now.` }
      },
    }
  },
}

export const finishPlanTool: Tool = {
  name: 'finish_plan',
  description:
    'Presents your finished plan to the user and asks to carry it out. You only read until the user agrees; then all tools are there.',
  parameters: {
    type: 'object',
    properties: { plan: { type: 'string', description: 'The plan, in Markdown' } },
    required: ['plan'],
  },
  kind: 'switch_mode',
  offeredIn: 'whilePlanning',
  title: () => 'Go on with this plan?',
  async prepare(args, ground) {
    const plan = stringArg(args, 'plan')
    if (plan.trim() === '') throw new ToolFailure('The plan is empty.')
    return {
      content: [textContent(plan)],
      effect: { key: 'finish_plan', scope: 'plans' },
      run: async () => {
        ground.leavePlanning()
        return { text: 'The user agrees. Carry the plan out.', content: [textContent(plan)] }
      },
    }
  },
}

/** As the client is told; also of a plan that was made in an earlier life. */
export function planUpdate(steps: readonly PlanStep[]): JsonObject {
  return { sessionUpdate: 'plan', entries: steps.map((step) => ({ ...step, priority: 'medium' })) }
}

/** Undefined when the call was none of the tool `plan`. */
export function plannedBy(name: string, args: JsonObject): JsonObject | undefined {
  return name === planTool.name ? planUpdate(stepsOf(args['steps'])) : undefined
}

function stepsOf(value: Json | undefined): PlanStep[] {
  const items = Array.isArray(value) ? value.filter(isJsonObject) : []
  return items.map((item: JsonObject) => ({
    content: stringArg(item, 'content'),
    status: STATUSES.find((status) => status === item['status']) ?? 'pending',
  }))
}
