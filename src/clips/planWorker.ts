import { parentPort, workerData } from "node:worker_threads"
import type { PlanOrder } from "./planInThread.ts"
import { planReadable } from "./planReadable.ts"
import { readSource } from "./readSource.ts"

// The thread of one plan: it reads recordings, and a disk that hangs hangs it alone.
if (parentPort === null) throw new Error("planWorker.ts runs in a worker thread only")

const order: PlanOrder = workerData
const sources = order.files.flatMap(
  (file) => readSource(order.recordingsDirectory, order.cameraId, file) ?? [],
)
parentPort.postMessage(planReadable(order.recordingsDirectory, sources, order.request), [])
