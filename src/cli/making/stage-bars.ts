import type { EvaluationEvent, GenerationEvent } from '../../contract/events.js'
import { bar, type Progress, paint, remark, type Terminal } from '../terminal.js'

export interface StageBars {
  show(event: GenerationEvent<unknown> | EvaluationEvent): void
  end(): void
}

/**
 * A bar for each stage of the work, of which the one that moved last is seen; where nothing can be painted over, one remark for all of
 * them. It comes with the first event: what is refused before that is not being made.
 */
export function stageBars(terminal: Terminal, title: string): StageBars {
  const bars = new Map<string, Progress>() // stages may take turns, and each goes on with its own pace
  let width = 0
  let announced = false
  const announce = (waitingFor = 'load') => {
    if (terminal.animated) paint(terminal, `${title}: ${waitingFor} …`)
    else if (!announced) remark(terminal, `${title} …`)
    announced = true
  }
  return {
    show(event) {
      if (event.kind === 'plan') {
        width = Math.max(...event.stages.map(({ stage }) => stage.length))
        announce(event.stages[0]?.stage)
      } else if (event.kind === 'progress') {
        if (!announced) announce(event.stage)
        const { stage, done, total } = event
        const shown = bars.get(stage) ?? bar(terminal, stage.padEnd(width), total)
        bars.set(stage, shown)
        shown.show(done)
      }
    },
    end() {
      if (announced && terminal.animated) paint(terminal, '')
    },
  }
}
