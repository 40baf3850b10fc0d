import { parseArgs } from "node:util"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { readSettings } from "../config/Settings.ts"

const usage = `usage: npm run cleanup [-- --dry-run] [-- --confirm]
Has the running service delete what has expired by the plans of the owners, and shows how it goes on.
  --dry-run  only says what would be deleted
  --confirm  says that the clock is right: recordings expire by it alone, whatever it was set to
Ctrl-C leaves; the service goes on, and DELETE /api/cleanup ends the pass. Address of the service: HOST and PORT, see README.md.
`

const Preview = Schema.Struct({
  files: Schema.Int,
  bytes: Schema.Finite,
  cameras: Schema.Array(
    Schema.Struct({
      camera_id: Schema.Int,
      files: Schema.Int,
      bytes: Schema.Finite,
      oldest: Schema.String,
      newest: Schema.String,
    }),
  ),
})

const Tally = {
  files: Schema.Int,
  bytes: Schema.Finite,
  errors: Schema.Int,
  error_list: Schema.Array(Schema.Struct({ path: Schema.NullOr(Schema.String), code: Schema.String })),
}

const State = Schema.Struct({
  running: Schema.NullOr(Schema.Struct({ ...Tally, files_total: Schema.NullOr(Schema.Int) })),
  future: Schema.NullOr(Schema.Struct({ files: Schema.Int, from: Schema.String, to: Schema.String })),
  clock_steps: Schema.Array(Schema.Struct({ from: Schema.String, to: Schema.String })),
  passes: Schema.Array(Schema.Struct({ ...Tally, complete: Schema.Boolean, held_back: Schema.Int })),
})
type State = typeof State.Type

const lookMillis = 500

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

const Problem = Schema.Struct({
  detail: Schema.String,
  errors: Schema.optionalKey(Schema.Array(Schema.Struct({ field: Schema.String, message: Schema.String }))),
})
const problemIn = Schema.decodeUnknownOption(Problem)

/** What a refusal says of itself; nothing where something else answered. */
const reasonIn = (answer: unknown): string => {
  const problem = Option.getOrNull(problemIn(answer))
  if (problem === null) return ""
  const faults = (problem.errors ?? []).map(({ field, message }) => `\n  ${field}: ${message}`)
  return `: ${problem.detail}${faults.join("")}`
}

/** Asks the running service. Throws one line that says what is wrong. */
const asker = (address: string) => {
  const ask = async <S extends Schema.ConstraintDecoder<unknown>>(
    schema: S,
    method: "GET" | "POST",
    body?: unknown,
  ): Promise<S["Type"]> => {
    const response = await fetch(`${address}/api/cleanup`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    }).catch((): never => {
      throw new Error(`no service answers at ${address}: is it running, and are HOST and PORT its own?`)
    })
    const answer: unknown = await response.json().catch(() => null)
    if (!response.ok) {
      throw new Error(`the service at ${address} answers ${response.status}${reasonIn(answer)}`)
    }
    return Schema.decodeUnknownPromise(schema)(answer).catch((): never => {
      throw new Error(`what answers at ${address} is no service of this version`)
    })
  }
  return ask
}

const preview = ({ files, bytes, cameras }: typeof Preview.Type): string => {
  const lines = cameras.map(
    (camera) =>
      `  camera ${camera.camera_id}: ${camera.files} recordings, ${megabytes(camera.bytes)}, ${camera.oldest} to ${camera.newest}\n`,
  )
  return `${lines.join("")}a cleanup now would delete ${files} recordings, ${megabytes(bytes)}; nothing was deleted\n`
}

const progressLine = ({ files, files_total, bytes, errors }: NonNullable<State["running"]>): string =>
  `${files} of ${files_total ?? "?"} recordings, ${megabytes(bytes)}, ${errors} errors`

/** On a terminal one line is written again and again. */
const show = (line: string): void => {
  process.stdout.write(process.stdout.isTTY ? `\r\u001B[K${line}` : `${line}\n`)
}

const pause = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis))

const heldBack = (files: number, { clock_steps }: State): string => {
  const spans = clock_steps.map(({ from, to }) => `  it went from ${from} to ${to}\n`)
  return `${files} more have expired by the clock alone and are kept, since nobody saw it go on:\n${spans.join("")}if the clock is right: npm run cleanup -- --confirm\n`
}

const inFuture = ({ files, from, to }: NonNullable<State["future"]>): string =>
  `${files} end in the future, from ${from} to ${to}: the clock was ahead; they are kept until it shows so\n`

/** Begins a pass, or joins the one that runs; answers the exit code. */
const cleanUp = async (ask: ReturnType<typeof asker>, confirm: boolean): Promise<number> => {
  let state = await ask(State, "POST", { confirm })
  process.on("SIGINT", () => {
    if (process.stdout.isTTY) process.stdout.write("\n")
    process.stdout.write("the cleanup goes on in the service; `npm run cleanup` shows it again\n")
    // 128 and the number of the signal, as a shell says it.
    process.exit(130)
  })
  while (state.running !== null) {
    show(progressLine(state.running))
    await pause(lookMillis)
    state = await ask(State, "GET")
  }
  const [pass] = state.passes
  if (pass === undefined) throw new Error("the service says nothing of a pass")
  show(`deleted ${pass.files} recordings, ${megabytes(pass.bytes)}, ${pass.errors} errors`)
  if (process.stdout.isTTY) process.stdout.write("\n")
  if (pass.held_back > 0) process.stdout.write(heldBack(pass.held_back, state))
  if (state.future !== null) process.stdout.write(inFuture(state.future))
  for (const { path, code } of pass.error_list) process.stderr.write(`  ${path ?? "the pass"}: ${code}\n`)
  return pass.complete && pass.errors === 0 ? 0 : 1
}

const run = async (): Promise<number> => {
  const { values } = parseArgs({
    options: { "dry-run": { type: "boolean" }, confirm: { type: "boolean" }, help: { type: "boolean" } },
  })
  if (values.help === true) {
    process.stdout.write(usage)
    return 0
  }
  const { host, port } = readSettings(process.env)
  // One that listens everywhere is here, too.
  const name = host === "0.0.0.0" || host === "::" ? "localhost" : host.includes(":") ? `[${host}]` : host
  const ask = asker(`http://${name}:${port}`)
  const confirm = values.confirm === true
  if (values["dry-run"] !== true) return cleanUp(ask, confirm)
  process.stdout.write(preview(await ask(Preview, "POST", { dry_run: true, confirm })))
  return 0
}

try {
  process.exitCode = await run()
} catch (error) {
  process.stderr.write(`cleanup: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
