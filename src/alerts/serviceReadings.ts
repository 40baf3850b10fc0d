import type { ServiceHealth } from "../domain/Health.ts"
import { badIf, type Level, levelOf, type Reading, reading } from "./reading.ts"

/** Percent of the disk from which its alerts are raised: the settings of the service. */
export interface DiskMarks {
  readonly warningPercent: number
  readonly criticalPercent: number
}

type DiskHealth = ServiceHealth["disk"]

const warningHysteresisPercent = 2
/** An eviction goes on to 2 points below the mark, and to a tenth above the reserve: after it the alert is to end. */
const criticalHysteresisPercent = 1
const reserveHysteresis = 1.05

const endOf = (mark: number, hysteresisPercent: number) => Math.max(mark - hysteresisPercent, mark / 2)

const isReserveFree = ({ freeBytes, reserveBytes }: DiskHealth, factor: number): boolean =>
  freeBytes === null || reserveBytes === null || freeBytes >= factor * reserveBytes

/** As `state` of the disk has it: beyond the mark, or below the reserve of bytes or of files. */
const criticalLevel = (disk: DiskHealth, criticalPercent: number): Level => {
  if (disk.isRecordingStopped) return "bad"
  if (disk.usedPercent === null) return "unknown"
  if (disk.state === "critical") return "bad"
  const isBelowMark = disk.usedPercent < endOf(criticalPercent, criticalHysteresisPercent)
  return isBelowMark && isReserveFree(disk, reserveHysteresis) ? "good" : "between"
}

const criticalDetail = (disk: DiskHealth, criticalPercent: number): string => {
  const text = `the disk is ${disk.usedPercent?.toFixed(1)} % full`
  if (disk.isRecordingStopped) return `${text}: the reserve is reached and nothing is recorded`
  if ((disk.usedPercent ?? 0) > criticalPercent) return text
  return isReserveFree(disk, 1)
    ? `${text}, and too few more files fit on it`
    : `${text}, and less than its reserve is free: ${disk.freeBytes} of ${disk.reserveBytes} bytes`
}

const diskReadings = (
  disk: DiskHealth,
  { warningPercent, criticalPercent }: DiskMarks,
): ReadonlyArray<Reading> => [
  reading(
    "disk_warning",
    levelOf(disk.usedPercent, warningPercent, endOf(warningPercent, warningHysteresisPercent)),
    `the disk is ${disk.usedPercent?.toFixed(1)} % full`,
  ),
  reading("disk_critical", criticalLevel(disk, criticalPercent), criticalDetail(disk, criticalPercent)),
  reading(
    "eviction_failing",
    disk.error === null ? badIf(disk.obstacle !== null) : "unknown",
    `the disk stays too full: ${disk.obstacle}; at the reserve recording stops`,
  ),
  reading("disk_probe", badIf(disk.error !== null), `the disk does not say how full it is: ${disk.error}`),
  reading(
    "write_latency",
    levelOf(disk.writeLatencySeconds, 1, 0.5),
    `what is written takes ${disk.writeLatencySeconds?.toFixed(1)} s to reach the disk`,
  ),
]

/** Everything that the rules ask of the service. */
export const serviceReadings = (
  { disk, database, cleanup }: ServiceHealth,
  marks: DiskMarks,
): ReadonlyArray<Reading> => [
  ...diskReadings(disk, marks),
  reading("database_away", badIf(!database.isAvailable), "the database does not answer", {
    sinceMillis: database.awaySinceMillis,
  }),
  reading("cleanup_failing", badIf(cleanup.isFailing), "expired recordings are not deleted"),
]
