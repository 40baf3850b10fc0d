import type { CoverageFacts } from "../domain/coverage.ts"
import type { CatalogBatch } from "./catalogBatch.ts"
import type { CatalogFacts } from "./CatalogStore.ts"

const lastOfEach = <Row>(
  rows: ReadonlyArray<Row>,
  identity: (row: Row) => string | number,
): ReadonlyArray<Row> => [...new Map(rows.map((row) => [identity(row), row])).values()]

/** What the database holds, with the rows on top that it does not have yet; open ends are infinite. */
export const mergedFacts = (stored: CatalogFacts, pending: CatalogBatch): Omit<CoverageFacts, "range"> => ({
  recorded: lastOfEach([...stored.recordings, ...pending.recordings], ({ filePath }) => filePath).map(
    ({ startMillis, endMillis }) => ({ fromMillis: startMillis, toMillis: endMillis }),
  ),
  gaps: lastOfEach([...stored.gaps, ...pending.gaps], ({ identity }) => identity).flatMap((gap) =>
    gap.startMillis === null
      ? []
      : [{ fromMillis: gap.startMillis, toMillis: gap.endMillis ?? Infinity, cause: gap.cause }],
  ),
  enabledPeriods: lastOfEach([...stored.periods, ...pending.periods], ({ startMillis }) => startMillis).map(
    ({ startMillis, endMillis }) => ({ fromMillis: startMillis, toMillis: endMillis ?? Infinity }),
  ),
})
