import { serveRecords } from '../training/workers.js'
import { type RecordTask, recordsOf } from './record-tasks.js'

serveRecords((task: RecordTask) => recordsOf(task))
