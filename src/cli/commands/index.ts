import type { AddCommand } from '../command.js'
import { addAgain } from './again.js'
import { addBench } from './bench.js'
import { addCache } from './cache.js'
import { addChat } from './chat.js'
import { addCompletion } from './completion.js'
import { addDiorama } from './diorama.js'
import { addDioramaBench } from './diorama-bench.js'
import { addDioramaReader } from './diorama-reader.js'
import { addDoctor } from './doctor.js'
import { addEval } from './eval.js'
import { addInspect } from './inspect.js'
import { addList } from './list.js'
import { addMake } from './make.js'
import { addPull } from './pull.js'
import { addRoutes } from './routes.js'
import { addRun } from './run.js'
import { addShow } from './show.js'
import { addTrain } from './train.js'
import { addTune } from './tune.js'

/** Every command of `genera`, by group and in the order of the help. */
export const commands: Readonly<Record<string, readonly AddCommand[]>> = {
  make: [addMake, addRun, addChat, addAgain, addInspect],
  find: [addList, addShow, addRoutes],
  train: [addTrain, addTune, addEval, addBench],
  world: [addDiorama, addDioramaBench, addDioramaReader],
  setup: [addPull, addCache, addDoctor, addCompletion],
}
