import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Schema from "effect/Schema"
import { awaitFact } from "../support/awaitFact.ts"

const program = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync)

/** Whether this machine has a browser to play clips with. */
export const hasChromium = program !== undefined

const Played = Schema.fromJsonString(
  Schema.Struct({
    error: Schema.NullOr(Schema.String),
    duration: Schema.Finite,
    /** After seeking: where it is, how wide the picture is, and whether it shows anything but black. */
    looks: Schema.Array(
      Schema.Struct({ seconds: Schema.Finite, width: Schema.Int, isPicture: Schema.Boolean }),
    ),
    endedAt: Schema.Finite,
    soundBytes: Schema.Int,
  }),
)
export type Played = typeof Played.Type

const page = (shares: ReadonlyArray<number>) => `<!doctype html><video muted src="/clip.mp4"></video><script>
const video = document.querySelector("video")
const once = (name) => new Promise((resolve, reject) => {
  video.addEventListener(name, resolve, { once: true })
  video.addEventListener("error", () => reject(new Error(video.error.message)), { once: true })
})
const isPicture = () => {
  const canvas = document.createElement("canvas")
  canvas.width = canvas.height = 16
  const context = canvas.getContext("2d")
  context.drawImage(video, 0, 0, 16, 16)
  return context.getImageData(0, 0, 16, 16).data.some((value, at) => at % 4 < 3 && value > 16)
}
const played = { error: null, duration: 0, looks: [], endedAt: 0, soundBytes: 0 }
const play = async () => {
  await once("loadeddata")
  played.duration = video.duration
  for (const share of ${JSON.stringify(shares)}) {
    video.currentTime = video.duration * share
    await once("seeked")
    // The picture may follow the event.
    for (let look = 0; look < 50 && !isPicture(); look += 1) await new Promise((next) => setTimeout(next, 100))
    played.looks.push({ seconds: video.currentTime, width: video.videoWidth, isPicture: isPicture() })
  }
  video.playbackRate = 4
  await video.play()
  await once("ended")
  played.endedAt = video.currentTime
  played.soundBytes = video.webkitAudioDecodedByteCount
}
play().catch((error) => { played.error = String(error) }).then(() =>
  fetch("/played", { method: "POST", body: JSON.stringify(played) }))
</script>`

const sendClip = (file: Buffer, request: IncomingMessage, response: ServerResponse): void => {
  const [, from = "0", to = ""] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "") ?? []
  const last = to === "" ? file.length - 1 : Number(to)
  response.writeHead(206, {
    "content-type": "video/mp4",
    "accept-ranges": "bytes",
    "content-length": last - Number(from) + 1,
    "content-range": `bytes ${from}-${last}/${file.length}`,
  })
  response.end(file.subarray(Number(from), last + 1))
}

/** Plays a file in Chromium: looks at it at shares of its duration, then plays it from the last one to its end. */
export const playInChromium = async (path: string, shares: ReadonlyArray<number>): Promise<Played> => {
  if (program === undefined) throw new Error("there is no Chromium")
  const file = readFileSync(path)
  const profile = mkdtempSync(join(tmpdir(), "vigia-chromium-"))
  let told = ""
  const server = createServer((request, response) => {
    if (request.url === "/clip.mp4") return sendClip(file, request, response)
    if (request.url !== "/played") return response.end(page(shares))
    let text = ""
    request.setEncoding("utf8").on("data", (part: string) => (text += part))
    request.on("end", () => {
      told = text
      response.end()
    })
  })
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening))
  const address = server.address()
  const port = typeof address === "object" ? address?.port : undefined
  let browser: ChildProcess | null = null
  try {
    browser = spawn(
      program,
      ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--mute-audio"].concat(
        ["--autoplay-policy=no-user-gesture-required", `--user-data-dir=${profile}`],
        [`http://127.0.0.1:${port}/`],
      ),
      // What it keeps in the temporary directory would stay when it is killed.
      { detached: true, stdio: "ignore", env: { ...process.env, TMPDIR: profile } },
    )
    return Schema.decodeSync(Played)(await awaitFact("Chromium has played the clip", () => told, 90_000))
  } finally {
    await endBrowser(browser)
    server.closeAllConnections()
    server.close()
    rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }
}

/** With all its processes: it leads a group of its own. */
const endBrowser = async (browser: ChildProcess | null): Promise<void> => {
  if (browser?.pid === undefined || browser.exitCode !== null) return
  const gone = new Promise((resolve) => browser.once("close", resolve))
  process.kill(-browser.pid, "SIGKILL")
  await gone
}
