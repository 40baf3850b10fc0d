import { type CostOptions, measureCost } from "./measureCost.ts"
import { type Verdict, rounded } from "./verdict.ts"

/** The cost of the service beside that of its FFmpeg children, held against its limits. */
export const costVerdicts = async (options: CostOptions): Promise<ReadonlyArray<Verdict>> => {
  const cost = await measureCost(options)
  return [
    {
      name: "cost.service_cpu",
      figures: {
        cameras: options.cameras,
        seconds: options.seconds,
        service_seconds: rounded(cost.serviceCpuSeconds),
        recorders_seconds: rounded(cost.recordersCpuSeconds),
        ratio: rounded(cost.serviceToRecorders),
      },
      target: "CPU of the service, database apart, at most 5 % of that of its FFmpeg children",
      met: cost.serviceToRecorders <= 0.05,
    },
    {
      name: "cost.recorders_cpu",
      figures: {
        recorders_seconds: rounded(cost.recordersCpuSeconds),
        bare_seconds: rounded(cost.bareCpuSeconds),
        ratio: rounded(cost.recordersToBare),
      },
      target: "CPU of the FFmpeg children at most 1.05 of as many bare FFmpeg processes",
      met: cost.recordersToBare <= 1.05,
    },
    {
      name: "cost.memory",
      figures: {
        service_bytes: cost.serviceResidentBytes,
        import_only_bytes: cost.importOnlyResidentBytes,
        ratio: rounded(cost.residentToImportOnly),
      },
      target: "resident memory of the service at most 1.4 of a process that only imports its modules",
      met: cost.residentToImportOnly <= 1.4,
    },
  ]
}
