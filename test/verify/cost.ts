import { parseArgs } from "node:util"
import { measureCost } from "./measureCost.ts"

const { values } = parseArgs({
  options: {
    cameras: { type: "string", default: "25" },
    seconds: { type: "string", default: "60" },
    warmup: { type: "string", default: "30" },
    help: { type: "boolean" },
  },
})
if (values.help === true) {
  process.stdout.write("usage: npm run bench [-- --cameras 25 --seconds 60 --warmup 30]\n")
  process.exit(0)
}
const cost = await measureCost({
  cameras: Number(values.cameras),
  seconds: Number(values.seconds),
  warmupSeconds: Number(values.warmup),
  video: "h264-1080p",
})
const percent = (ratio: number) => `${(ratio * 100).toFixed(1)} %`
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`
process.stdout.write(
  [
    `${values.cameras} cameras 1080p for ${values.seconds} s, after ${values.warmup} s of warm-up`,
    `service / its FFmpeg children, CPU: ${cost.serviceCpuSeconds.toFixed(2)} s / ${cost.recordersCpuSeconds.toFixed(2)} s = ${percent(cost.serviceToRecorders)} (at most 5 %)`,
    `children / bare FFmpeg, CPU: ${cost.recordersCpuSeconds.toFixed(2)} s / ${cost.bareCpuSeconds.toFixed(2)} s = ${cost.recordersToBare.toFixed(3)} (at most 1.05)`,
    `service / import only, resident: ${megabytes(cost.serviceResidentBytes)} / ${megabytes(cost.importOnlyResidentBytes)} = ${cost.residentToImportOnly.toFixed(2)} (at most 1.4)`,
    "",
  ].join("\n"),
)
