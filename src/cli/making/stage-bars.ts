import type { GenerationEvent } from '../../contract/events.js'
import { bar, type Progress, paint, remark, type Terminal } from '../terminal.js'

export interface StageBars {
  show(event: GenerationEvent<unknown>): void
  end(): void
}

/** One bar after another, for each stage of a plan; where nothing can be painted over, one remark for all of them. */
export function stageBars(terminal: Terminal, title: string): StageBars {
  let current: { readonly stage: string; readonly shown: Progress } | undefined
  let width = 0
  let planned = false
  return {
    show(event) {
      if (event.kind === 'plan') {
        width = Math.max(...event.stages.map(({ stage }) => stage.length))
        if (terminal.animated) paint(terminal, `${title}: ${event.stages[0]?.stage} …`)
        else if (!planned) remark(terminal, `${title} …`) // not before: what is refused is not being made
        planned = true
      } else if (event.kind === 'progress') {
        const { stage, done, total } = event
        if (current?.stage !== stage) {
          current?.shown.end()
          current = { stage, shown: bar(terminal, stage.padEnd(width), total) }
        }
        current.shown.show(done)
      }
    },
    end() {
      if (terminal.animated) paint(terminal, '')
    },
  }
}
