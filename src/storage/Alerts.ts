import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import type { Alert, AlertKind, Severity } from "../domain/Alert.ts"
import { alertFields } from "../domain/alertFields.ts"
import type { CreatedCursorPosition } from "./createdCursor.ts"
import { type DatabaseUnavailable, orUnavailable } from "./DatabaseUnavailable.ts"

/** Which alerts a page shows; of time, those that stood within [`fromMillis`, `toMillis`). */
export interface StoredAlertsQuery {
  /** Whether only ended ones are asked for. */
  readonly isEnded: boolean
  readonly cameraId?: number | undefined
  readonly kind?: AlertKind | undefined
  readonly fromMillis?: number | undefined
  readonly toMillis?: number | undefined
  /** Only what comes after it in this order. */
  readonly after: CreatedCursorPosition | null
  readonly limit: number
}

interface AlertRow {
  readonly id: string
  readonly kind: AlertKind
  readonly severity: Severity
  readonly cameraId: number | null
  readonly detail: string
  readonly sinceTime: Date
  readonly raisedAt: Date
  readonly endedAt: Date | null
  readonly acknowledgedAt: Date | null
  readonly acknowledgedBy: string | null
  readonly note: string | null
}

const fromRow = (row: AlertRow): Alert => ({
  id: row.id,
  kind: row.kind,
  severity: row.severity,
  cameraId: row.cameraId,
  detail: row.detail,
  sinceMillis: row.sinceTime.getTime(),
  raisedAtMillis: row.raisedAt.getTime(),
  endedAtMillis: row.endedAt?.getTime() ?? null,
  acknowledgedAtMillis: row.acknowledgedAt?.getTime() ?? null,
  acknowledgedBy: row.acknowledgedBy,
  note: row.note,
})

const toJson = (alert: Alert) => {
  const { since, ...fields } = alertFields(alert)
  return { ...fields, since_time: since }
}

/** The history of alerts; what stands is known without it. */
export class StoredAlerts extends Context.Service<
  StoredAlerts,
  {
    /** One statement for all; an alert that is known is replaced. */
    save(alerts: ReadonlyArray<Alert>): Effect.Effect<void, DatabaseUnavailable>
    /** The latest raised first. */
    list(query: StoredAlertsQuery): Effect.Effect<ReadonlyArray<Alert>, DatabaseUnavailable>
    /** All that did not end, the latest raised first. */
    readonly standing: Effect.Effect<ReadonlyArray<Alert>, DatabaseUnavailable>
    /** Null where there is none. */
    get(id: string): Effect.Effect<Alert | null, DatabaseUnavailable>
    /** Deletes at most `limit` that ended before this time; answers how many. */
    forget(endedBeforeMillis: number, limit: number): Effect.Effect<number, DatabaseUnavailable>
  }
>()("vigia/storage/StoredAlerts") {
  static readonly layer: Layer.Layer<StoredAlerts, never, SqlClient.SqlClient> = Layer.effect(
    StoredAlerts,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      const save = Effect.fn("StoredAlerts.save")(
        (alerts: ReadonlyArray<Alert>) =>
          Effect.asVoid(sql`
            INSERT INTO alerts SELECT row.* FROM jsonb_to_recordset(${JSON.stringify(alerts.map(toJson))}::jsonb) AS row (
              id uuid, kind text, severity text, camera_id integer, detail text, since_time timestamptz,
              raised_at timestamptz, ended_at timestamptz, acknowledged_at timestamptz, acknowledged_by text, note text)
            ON CONFLICT (id) DO UPDATE SET
              detail = excluded.detail, ended_at = excluded.ended_at, acknowledged_at = excluded.acknowledged_at,
              acknowledged_by = excluded.acknowledged_by, note = excluded.note`),
        orUnavailable,
      )

      const list = Effect.fn("StoredAlerts.list")(function* (query: StoredAlertsQuery) {
        const { isEnded, cameraId, kind, fromMillis, toMillis, after, limit } = query
        const rows = yield* sql<AlertRow>`
          SELECT * FROM alerts WHERE ${sql.and([
            sql`true`,
            ...(isEnded ? [sql`ended_at IS NOT NULL`] : []),
            ...(cameraId === undefined ? [] : [sql`camera_id = ${cameraId}`]),
            ...(kind === undefined ? [] : [sql`kind = ${kind}`]),
            ...(toMillis === undefined ? [] : [sql`raised_at < ${new Date(toMillis)}`]),
            ...(fromMillis === undefined
              ? []
              : [sql`(ended_at IS NULL OR ended_at >= ${new Date(fromMillis)})`]),
            ...(after === null
              ? []
              : [sql`(raised_at, id) < (${new Date(after.createdAtMillis)}, ${after.id}::uuid)`]),
          ])} ORDER BY raised_at DESC, id DESC LIMIT ${limit}`
        return rows.map(fromRow)
      }, orUnavailable)

      const get = Effect.fn("StoredAlerts.get")(function* (id: string) {
        const [row] = yield* sql<AlertRow>`SELECT * FROM alerts WHERE id = ${id}::uuid`
        return row === undefined ? null : fromRow(row)
      }, orUnavailable)

      const standing = Effect.map(
        sql<AlertRow>`SELECT * FROM alerts WHERE ended_at IS NULL ORDER BY raised_at DESC, id DESC`,
        (rows) => rows.map(fromRow),
      ).pipe(Effect.withSpan("StoredAlerts.standing"), orUnavailable)

      const forget = Effect.fn("StoredAlerts.forget")(function* (endedBeforeMillis: number, limit: number) {
        const before = new Date(endedBeforeMillis)
        // What ended before was raised before: of that there is an index.
        const rows = yield* sql`
          DELETE FROM alerts WHERE id IN (
            SELECT id FROM alerts WHERE raised_at < ${before} AND ended_at < ${before} ORDER BY raised_at, id LIMIT ${limit})
          RETURNING id`
        return rows.length
      }, orUnavailable)

      return StoredAlerts.of({ save, list, standing, get, forget })
    }),
  )
}
