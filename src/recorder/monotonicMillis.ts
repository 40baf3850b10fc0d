/** Milliseconds of the kernel's monotonic clock: the same in every thread, untouched by steps of the wall clock. */
export const monotonicMillis = (): number => Number(process.hrtime.bigint()) / 1e6
