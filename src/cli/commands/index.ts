import type { AddCommand } from '../command.js'
import { addAgain } from './again.js'
import { addDiorama } from './diorama.js'
import { addDioramaBench } from './diorama-bench.js'
import { addInspect } from './inspect.js'

/** Every command of `genera`, in the order of the help. */
export const commands: readonly AddCommand[] = [addDiorama, addDioramaBench, addAgain, addInspect]
