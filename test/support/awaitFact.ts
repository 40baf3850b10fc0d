/** Waits until a fact is true and returns it; fails by name when it did not become true in time. */
export const awaitFact = async <Fact>(
  name: string,
  observe: () => Fact | Promise<Fact>,
  timeoutMillis = 30_000,
): Promise<NonNullable<Fact>> => {
  const deadline = performance.now() + timeoutMillis
  for (;;) {
    const fact = await observe()
    if (fact) return fact
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMillis} ms: ${name}`)
    await new Promise((next) => setTimeout(next, 25))
  }
}
