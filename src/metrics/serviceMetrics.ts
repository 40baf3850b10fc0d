import type { ServiceHealth } from "../domain/Health.ts"
import { type Metric, single, truth } from "./Metric.ts"

const gauge = (name: string, help: string, read: (service: ServiceHealth) => number | null): Metric =>
  single("gauge", name, help, ({ report }) => read(report.service))

const seconds = (millis: number | null): number | null => (millis === null ? null : millis / 1000)

const diskStates: ReadonlyArray<string> = ["ok", "warning", "critical"]

const diskMetrics: ReadonlyArray<Metric> = [
  gauge("vigia_disk_size_bytes", "Size of the disk of the recordings", ({ disk }) => disk.totalBytes),
  gauge("vigia_disk_free_bytes", "What Vigia may still use of it", ({ disk }) => disk.freeBytes),
  gauge("vigia_disk_reserve_bytes", "What is to stay free", ({ disk }) => disk.reserveBytes),
  gauge("vigia_disk_used_ratio", "Used part of the disk", ({ disk }) =>
    disk.usedPercent === null ? null : disk.usedPercent / 100,
  ),
  {
    name: "vigia_disk_state",
    type: "gauge",
    help: "1 for the state of the disk by its thresholds, 0 for the others",
    labelNames: ["state"],
    samples: ({ report }) =>
      [...new Set([...diskStates, report.service.disk.state])].map((state) => ({
        labels: { state },
        value: truth(state === report.service.disk.state),
      })),
  },
  gauge("vigia_disk_probe_success", "Whether the disk says how full it is", ({ disk }) =>
    truth(disk.error === null),
  ),
  gauge("vigia_recording_stopped", "Whether nothing is recorded, since the reserve is reached", ({ disk }) =>
    truth(disk.isRecordingStopped),
  ),
  gauge(
    "vigia_disk_written_bytes_per_second",
    "What the service and the FFmpeg processes that record give to the disk",
    ({ disk }) => disk.writtenBytesPerSecond,
  ),
  gauge(
    "vigia_disk_read_bytes_per_second",
    "What they read from the disk",
    ({ disk }) => disk.readBytesPerSecond,
  ),
  gauge(
    "vigia_disk_write_latency_seconds",
    "How long what was written takes to reach the medium: 99th percentile of the last minute",
    ({ disk }) => disk.writeLatencySeconds,
  ),
]

const alertMetrics: ReadonlyArray<Metric> = [
  {
    name: "vigia_alerts",
    type: "gauge",
    help: "Alerts that stand now",
    labelNames: ["kind", "severity"],
    samples: ({ severities, standingAlerts }) =>
      [...severities].map(([kind, severity]) => ({
        labels: { kind, severity },
        value: standingAlerts.filter((alert) => alert.kind === kind).length,
      })),
  },
  {
    name: "vigia_alerts_raised_total",
    type: "counter",
    help: "Alerts that were raised",
    labelNames: ["kind"],
    samples: ({ totals }) => [...totals.raisedAlerts].map(([kind, value]) => ({ labels: { kind }, value })),
  },
  single(
    "counter",
    "vigia_notifications_delivered_total",
    "Notifications that a receiver took",
    ({ notifications }) => notifications.delivered,
  ),
  single(
    "counter",
    "vigia_notification_failures_total",
    "Tries to deliver one that failed",
    ({ notifications }) => notifications.failed,
  ),
]

const eventMetrics: ReadonlyArray<Metric> = [
  {
    name: "vigia_events_total",
    type: "counter",
    help: "Events, as /api/events tells them",
    labelNames: ["type"],
    samples: ({ totals }) => [...totals.events].map(([type, value]) => ({ labels: { type }, value })),
  },
  {
    name: "vigia_evicted_recordings_total",
    type: "counter",
    help: "Recordings deleted before their time",
    labelNames: ["reason"],
    samples: ({ totals }) =>
      [...totals.evicted].map(([reason, { files }]) => ({ labels: { reason }, value: files })),
  },
  {
    name: "vigia_evicted_bytes_total",
    type: "counter",
    help: "Bytes of recordings deleted before their time",
    labelNames: ["reason"],
    samples: ({ totals }) =>
      [...totals.evicted].map(([reason, { bytes }]) => ({ labels: { reason }, value: bytes })),
  },
  single(
    "gauge",
    "vigia_event_stream_clients",
    "Clients of /api/events now",
    ({ eventStreamClients }) => eventStreamClients,
  ),
]

/** Everything that is told of the service as a whole. */
export const serviceMetrics: ReadonlyArray<Metric> = [
  {
    name: "vigia_build_info",
    type: "gauge",
    help: "Always 1: the version of Vigia and of Node",
    labelNames: ["version", "node_version"],
    samples: ({ version }) => [{ labels: { version, node_version: process.version }, value: 1 }],
  },
  gauge(
    "vigia_start_time_seconds",
    "When the service started",
    ({ startedAtMillis }) => startedAtMillis / 1000,
  ),
  single(
    "gauge",
    "vigia_health_timestamp_seconds",
    "When the figures of health were measured",
    ({ report }) => report.measuredAtMillis / 1000,
  ),
  {
    name: "vigia_target_met",
    type: "gauge",
    help: "Whether a target of the service is met, by the worst camera",
    labelNames: ["target"],
    samples: ({ report }) =>
      report.targets.flatMap(({ name, isMet }) =>
        isMet === null ? [] : [{ labels: { target: name }, value: truth(isMet) }],
      ),
  },
  ...diskMetrics,
  gauge(
    "vigia_event_loop_delay_seconds",
    "How late timers were: 99th percentile of the last minute",
    ({ eventLoop }) => eventLoop.delaySeconds,
  ),
  gauge(
    "vigia_event_loop_delay_max_seconds",
    "How late the latest timer of the last minute was",
    ({ eventLoop }) => eventLoop.greatestDelaySeconds,
  ),
  {
    name: "vigia_queue_length",
    type: "gauge",
    help: "What waits: rows for the database, clips to be exported, notifications to be delivered",
    labelNames: ["queue"],
    samples: ({ report }) =>
      Object.entries(report.service.queues).map(([queue, value]) => ({ labels: { queue }, value })),
  },
  gauge("vigia_database_up", "Whether the database answers", ({ database }) => truth(database.isAvailable)),
  gauge(
    "vigia_database_latency_seconds",
    "How long the database takes to answer",
    ({ database }) => database.latencySeconds,
  ),
  gauge("vigia_cleanup_last_success_timestamp_seconds", "When a cleanup was last complete", ({ cleanup }) =>
    seconds(cleanup.lastCompleteMillis),
  ),
  gauge("vigia_cleanup_failing", "Whether expired recordings are not deleted", ({ cleanup }) =>
    truth(cleanup.isFailing),
  ),
  ...alertMetrics,
  ...eventMetrics,
]
