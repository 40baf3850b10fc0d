import { mkdirSync } from "node:fs"
import { resolve } from "node:path"
import { parseArgs } from "node:util"
import { demoCameras, writeCamerasFile } from "./demoCameras.ts"
import { failEvery } from "./failEvery.ts"
import { ServiceProcess } from "./ServiceProcess.ts"
import { SimulatorProcess } from "./simulator/SimulatorProcess.ts"
import { readRows } from "./rows.ts"
import { Screen } from "./Screen.ts"
import { summary } from "./summary.ts"

const { values: options } = parseArgs({
  options: {
    seconds: { type: "string" },
    directory: { type: "string", default: "state/demo" },
    help: { type: "boolean" },
  },
})
if (options.help === true) {
  process.stdout.write(
    "usage: npm run demo [-- --seconds N --directory state/demo]\n" +
      "Records four simulated RTSP cameras in 10-second segments and shows what happens.\n" +
      "Ends on Ctrl-C, or by itself after N seconds.\n",
  )
  process.exit(0)
}
const limitSeconds = Number(options.seconds ?? Infinity)
if (!(limitSeconds > 0)) {
  process.stderr.write(`--seconds ${options.seconds ?? ""}: expected a number greater than 0\n`)
  process.exit(1)
}

const directory = resolve(options.directory)
mkdirSync(directory, { recursive: true })

const wantsToEnd = new AbortController()
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => wantsToEnd.abort())

process.stdout.write("Preparing four simulated cameras (the first time this takes some seconds) ...\n")
const simulator = await SimulatorProcess.start({
  clipDirectory: `${directory}/clips`,
  cameras: demoCameras.map(({ simulated }) => simulated),
})
const camerasFile = writeCamerasFile(directory, simulator)
const service = await ServiceProcess.start(directory, {
  camerasFile,
  port: 8080,
  environment: {
    RECORDING_SEGMENT_DURATION: "10",
    RECORDING_HEALTHY_SPELL: "10",
    RECORDING_FLUSH_INTERVAL: "2",
  },
})
const failing = failEvery(simulator.camera("door"), 20)
const startedAtMillis = Date.now()
const screen = new Screen(process.stdout, [
  `Vigia records four simulated cameras; one of them fails every 20 seconds. API: ${service.address}`,
  `Files: ${service.recordingDirectory}   Log: ${service.logPath}   Ctrl-C ends.`,
])

const nextSecond = (): Promise<void> =>
  new Promise((tick) => {
    const timer = setTimeout(tick, 1000)
    wantsToEnd.signal.addEventListener("abort", () => {
      clearTimeout(timer)
      tick()
    })
  })

while (!wantsToEnd.signal.aborted && service.alive && Date.now() - startedAtMillis < limitSeconds * 1000) {
  screen.show(await readRows(service.address, startedAtMillis))
  await nextSecond()
}

failing.stop()
const rows = await readRows(service.address, startedAtMillis).catch(() => [])
process.stdout.write("\nEnding: FFmpeg finishes its files ...\n")
const exitCode = await service.stop()
await simulator.stop()
process.stdout.write(summary(rows, service.recordingDirectory))
process.exitCode = exitCode
