import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import type { GapRow, PeriodRow, RecordingRow } from "./accounting/rows.ts"
import type { LedgerSeed } from "./accounting/seed.ts"
import type { CatalogBatch } from "./catalogBatch.ts"
import {
  type LeftRows,
  makeCatalogWrites,
  type Refusal,
  type TakeOver,
  type WriteNote,
} from "./catalogWrites.ts"
import { type DatabaseUnavailable, orUnavailable } from "./DatabaseUnavailable.ts"
import type { Span } from "../domain/Segment.ts"
import { EnabledPeriods, type PeriodColumns, periodFrom } from "./EnabledPeriods.ts"
import { type FrameSums, noFrames } from "./frameSums.ts"
import { type GapColumns, gapFrom, Gaps } from "./Gaps.ts"
import { longestRecordingMillis } from "./longestRecording.ts"
import { overlappingGaps } from "./overlappingGaps.ts"
import { type RecordingColumns, recordingFrom, Recordings } from "./Recordings.ts"
import type { RowsRejected } from "./RowsRejected.ts"

export interface CatalogTotals {
  readonly bytes: number
  readonly recordings: number
}

/** What an earlier life of the service left in the database. */
export interface CatalogSeed {
  readonly lastSeenMillis: number | null
  readonly cameras: ReadonlyArray<LedgerSeed>
}

/** Rows of one camera that overlap a range, as of one instant. */
export interface CatalogFacts {
  readonly recordings: ReadonlyArray<Pick<RecordingRow, "filePath" | "startMillis" | "endMillis">>
  readonly gaps: ReadonlyArray<GapRow>
  readonly periods: ReadonlyArray<PeriodRow>
}

const seededRecordings = 3

const groupByCamera = <Row extends { readonly cameraId: number }>(
  rows: ReadonlyArray<Row>,
): ReadonlyMap<number, ReadonlyArray<Row>> => Map.groupBy(rows, ({ cameraId }) => cameraId)

/** The database as the catalog uses it. */
export class CatalogStore extends Context.Service<
  CatalogStore,
  {
    /** Whether the database answers at all. */
    readonly ping: Effect.Effect<void, DatabaseUnavailable>
    readonly seed: Effect.Effect<CatalogSeed, DatabaseUnavailable>
    /** Bytes and number of the recordings of each camera that has any. */
    readonly totals: Effect.Effect<ReadonlyMap<number, CatalogTotals>, DatabaseUnavailable>
    /** Writes all rows or none: a reader sees the state before or the one after. */
    write(batch: CatalogBatch, note: WriteNote): Effect.Effect<void, DatabaseUnavailable | RowsRejected>
    /** The same, except for the rows of cameras of which the database refuses any. */
    writeApart(
      batch: CatalogBatch,
      note: WriteNote,
    ): Effect.Effect<ReadonlyArray<Refusal>, DatabaseUnavailable>
    /**
     * The first write of a life: from now on it is the writer.
     *
     * What an earlier life left is written with it, where the database holds nothing newer; all or none.
     */
    takeOver(life: string, left: LeftRows | null): Effect.Effect<TakeOver, DatabaseUnavailable>
    facts(
      cameraId: number,
      fromMillis: number,
      toMillis: number,
    ): Effect.Effect<CatalogFacts, DatabaseUnavailable>
    /** Sums of the recordings of a camera within a range, by their share of time; not of those of `except` (paths). */
    frames(
      cameraId: number,
      range: Span,
      except: ReadonlyArray<string>,
    ): Effect.Effect<FrameSums, DatabaseUnavailable>
  }
>()("vigia/storage/CatalogStore") {
  static readonly layerNoDeps: Layer.Layer<
    CatalogStore,
    never,
    SqlClient.SqlClient | Recordings | Gaps | EnabledPeriods
  > = Layer.effect(
    CatalogStore,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const recordings = yield* Recordings
      const gaps = yield* Gaps
      const periods = yield* EnabledPeriods

      const seed = Effect.gen(function* () {
        const cameras = yield* sql<{ id: number; isEnabled: boolean }>`
          SELECT id, recording_enabled AND deleted_at IS NULL AS is_enabled FROM cameras ORDER BY id`
        const lastRecordings = groupByCamera(
          yield* sql<RecordingColumns<RecordingRow["state"]>>`
            SELECT last.* FROM cameras CROSS JOIN LATERAL (
              SELECT * FROM recordings WHERE camera_id = cameras.id AND NOT is_clip AND state <> 'missing'
              ORDER BY start_time DESC LIMIT ${seededRecordings}) AS last
            UNION SELECT * FROM recordings WHERE state = 'growing'`,
        )
        const lastGaps = groupByCamera(
          yield* sql<GapColumns>`
            SELECT gaps.* FROM gaps LEFT JOIN LATERAL (
              SELECT start_time FROM recordings
              WHERE camera_id = gaps.camera_id AND NOT is_clip AND state <> 'missing'
              ORDER BY start_time DESC OFFSET ${seededRecordings - 1} LIMIT 1) AS oldest ON true
            WHERE gaps.end_time IS NULL OR gaps.end_time >= COALESCE(oldest.start_time, '-infinity')`,
        )
        const lastPeriods = groupByCamera(
          yield* sql<PeriodColumns>`
            SELECT last.* FROM cameras CROSS JOIN LATERAL (
              SELECT * FROM enabled_periods WHERE camera_id = cameras.id ORDER BY start_time DESC LIMIT 2) AS last`,
        )
        const [state] = yield* sql<{ lastSeenAt: Date | null }>`SELECT last_seen_at FROM service_state`
        return {
          lastSeenMillis: state?.lastSeenAt?.getTime() ?? null,
          cameras: cameras.map(({ id, isEnabled }) => ({
            cameraId: id,
            isEnabled,
            recordings: (lastRecordings.get(id) ?? []).map(recordingFrom),
            gaps: (lastGaps.get(id) ?? []).map(gapFrom),
            periods: (lastPeriods.get(id) ?? []).map(periodFrom),
          })),
        }
      }).pipe(orUnavailable, Effect.withSpan("CatalogStore.seed"))

      const totals = sql<{ cameraId: number; bytes: bigint; recordings: bigint }>`
        SELECT camera_id, sum(file_size)::bigint AS bytes, count(*) AS recordings
        FROM recordings WHERE state <> 'missing' GROUP BY camera_id`.pipe(
        Effect.map(
          (rows) =>
            new Map(
              rows.map(({ cameraId, bytes, recordings: count }) => [
                cameraId,
                { bytes: Number(bytes), recordings: Number(count) },
              ]),
            ),
        ),
        orUnavailable,
        Effect.withSpan("CatalogStore.totals"),
      )

      const facts = Effect.fn("CatalogStore.facts")(function* (
        cameraId: number,
        fromMillis: number,
        toMillis: number,
      ) {
        const from = new Date(fromMillis)
        const to = new Date(toMillis)
        // One statement sees one instant of the database. `json` takes half the time of `jsonb`.
        const [row] = yield* sql<{
          recordings: ReadonlyArray<{ path: string; from: number; to: number }>
          gaps: ReadonlyArray<{
            identity: string
            from: number
            to: number | null
            cause: GapRow["cause"]
            detail: string | null
          }>
          periods: ReadonlyArray<{ from: number; to: number | null }>
        }>`SELECT
            (SELECT COALESCE(json_agg(json_build_object('path', file_path,
               'from', round(extract(epoch FROM start_time) * 1000), 'to', round(extract(epoch FROM end_time) * 1000))), '[]')
             FROM recordings WHERE camera_id = ${cameraId} AND start_time < ${to} AND end_time > ${from}
               AND start_time > ${new Date(fromMillis - longestRecordingMillis)}
               AND state <> 'missing') AS recordings,
            (SELECT COALESCE(json_agg(json_build_object('identity', identity, 'cause', cause, 'detail', detail,
               'from', round(extract(epoch FROM start_time) * 1000), 'to', round(extract(epoch FROM end_time) * 1000))), '[]')
             FROM gaps WHERE ${overlappingGaps(sql, cameraId, fromMillis, toMillis)}) AS gaps,
            (SELECT COALESCE(json_agg(json_build_object(
               'from', round(extract(epoch FROM start_time) * 1000), 'to', round(extract(epoch FROM end_time) * 1000))), '[]')
             FROM enabled_periods WHERE camera_id = ${cameraId} AND start_time < ${to}
               AND (end_time IS NULL OR end_time > ${from})) AS periods`
        return {
          recordings: (row?.recordings ?? []).map((one) => ({
            filePath: one.path,
            startMillis: one.from,
            endMillis: one.to,
          })),
          gaps: (row?.gaps ?? []).map((one) => ({
            cameraId,
            identity: one.identity,
            startMillis: one.from,
            endMillis: one.to,
            cause: one.cause,
            detail: one.detail,
          })),
          periods: (row?.periods ?? []).map((one) => ({
            cameraId,
            startMillis: one.from,
            endMillis: one.to,
          })),
        }
      }, orUnavailable)

      const frames = Effect.fn("CatalogStore.frames")(function* (
        cameraId: number,
        { fromMillis, toMillis }: Span,
        except: ReadonlyArray<string>,
      ) {
        const [from, to] = [new Date(fromMillis), new Date(toMillis)]
        const [row] = yield* sql<{ [Sum in keyof FrameSums]: number | null }>`
          SELECT count(*)::int AS recordings, sum(frames * share) AS frames,
            sum(missing_frames * share) AS missing_frames,
            sum(frames * share) FILTER (WHERE missing_frames IS NOT NULL) AS missing_told_by,
            sum(lost_packets * share) AS lost_packets,
            sum(damaged_frames_at_most * share) AS damaged_frames_at_most,
            sum(frames * share) FILTER (WHERE lost_packets IS NOT NULL) AS loss_told_by
          FROM (
            SELECT frames, missing_frames, lost_packets, damaged_frames_at_most,
              (extract(epoch FROM LEAST(end_time, ${to}) - GREATEST(start_time, ${from}))
                / extract(epoch FROM end_time - start_time))::double precision AS share
            FROM recordings WHERE camera_id = ${cameraId} AND start_time < ${to} AND end_time > ${from}
              AND end_time > start_time AND start_time > ${new Date(fromMillis - longestRecordingMillis)}
              AND state <> 'missing' AND NOT is_clip
              AND file_path NOT IN (SELECT jsonb_array_elements_text(${JSON.stringify(except)}::jsonb))) AS part`
        return row === undefined
          ? noFrames
          : {
              recordings: row.recordings ?? 0,
              frames: row.frames ?? 0,
              missingFrames: row.missingFrames ?? 0,
              missingToldBy: row.missingToldBy ?? 0,
              lostPackets: row.lostPackets ?? 0,
              damagedFramesAtMost: row.damagedFramesAtMost ?? 0,
              lossToldBy: row.lossToldBy ?? 0,
            }
      }, orUnavailable)

      return CatalogStore.of({
        ping: sql`SELECT 1`.pipe(Effect.asVoid, orUnavailable),
        seed,
        totals,
        facts,
        frames,
        ...makeCatalogWrites(sql, { recordings, gaps, periods }),
      })
    }),
  )

  static readonly layer: Layer.Layer<CatalogStore, never, SqlClient.SqlClient> = this.layerNoDeps.pipe(
    Layer.provide([Recordings.layer, Gaps.layer, EnabledPeriods.layer]),
  )
}
