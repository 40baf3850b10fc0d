import { readFileSync } from "node:fs"
import * as Schema from "effect/Schema"

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Struct({ version: Schema.String })))

/** The version of Vigia, by its package. */
export const packageVersion = (): string =>
  decode(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version
