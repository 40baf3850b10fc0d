import * as Redacted from "effect/Redacted"
import { expect, it } from "vitest"
import { databasePlace } from "../../src/storage/databasePlace.ts"

it.each([
  ["postgres://ana:s3cret@db.example:6432/vigia", "db.example:6432"],
  ["postgres://ana:s3cret@db.example/vigia", "db.example:5432"],
  ["postgresql://ana:s3cret@[::1]:5433/vigia?sslmode=require", "[::1]:5433"],
  ["postgres://ana:s3cret@localhost/vigia?host=/run/postgresql&port=5433", "/run/postgresql (port 5433)"],
  ["postgres://ana:s3cret@/vigia", "DATABASE_URL"],
  ["postgres://ana:s3cret@%2Frun%2Fpostgresql/vigia", "/run/postgresql (port 5432)"],
  ["postgres://ana:s3cret@db.example:none/vigia", "DATABASE_URL"],
  ["postgres://ana:s3cret@%ZZ/vigia", "DATABASE_URL"],
])("names the place of %s without its secrets", (url, place) => {
  expect(databasePlace({ kind: "url", url: Redacted.make(url) })).toBe(place)
})

it("names host and port, or the directory of the socket", () => {
  const server = {
    kind: "server",
    user: "ana",
    password: Redacted.make("s3cret"),
    database: "vigia",
  } as const
  expect(databasePlace({ ...server, host: "db", port: 5432 })).toBe("db:5432")
  expect(databasePlace({ ...server, host: "/run/postgresql", port: 5432 })).toBe(
    "/run/postgresql (port 5432)",
  )
})
