import { type Metric, single } from "./Metric.ts"
import type { ProcessUse } from "./processUse.ts"

const gauge = (name: string, help: string, read: (use: ProcessUse) => number | null): Metric =>
  single("gauge", name, help, ({ processUse }) => read(processUse))

/** The usual metrics of a process, under the names that every Prometheus client gives them. */
export const processMetrics: ReadonlyArray<Metric> = [
  single(
    "counter",
    "process_cpu_seconds_total",
    "CPU time of the service itself",
    ({ processUse }) => processUse.cpuSeconds,
  ),
  gauge(
    "process_resident_memory_bytes",
    "Resident memory of the service itself",
    ({ residentBytes }) => residentBytes,
  ),
  gauge("process_open_fds", "Open file descriptors", ({ openFiles }) => openFiles),
  gauge("process_max_fds", "File descriptors that may be open", ({ openFilesLimit }) => openFilesLimit),
  gauge("nodejs_heap_size_used_bytes", "Used heap", ({ heapUsedBytes }) => heapUsedBytes),
  gauge("nodejs_heap_size_total_bytes", "Heap", ({ heapTotalBytes }) => heapTotalBytes),
  gauge("nodejs_external_memory_bytes", "Memory outside the heap", ({ externalBytes }) => externalBytes),
]
