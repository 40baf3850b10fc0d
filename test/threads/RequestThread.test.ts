import { describe, expect, it } from "vitest"
import { RequestThread } from "../../src/threads/RequestThread.ts"

/** A thread that runs this program; it knows `parentPort` and `workerData`. */
const threadOf = (program: string) =>
  new RequestThread<number, string>({
    module: new URL(
      `data:text/javascript,${encodeURIComponent(`import { parentPort, workerData } from "node:worker_threads"\n${program}`)}`,
    ),
    name: "test",
    data: "given",
  })

describe("RequestThread", () => {
  it("answers one request after the other, with what it was given", async () => {
    const thread = threadOf('parentPort.on("message", (n) => parentPort.postMessage(`${workerData} ${n}`))')
    expect(await thread.ask(1)).toBe("given 1")
    expect(await thread.ask(2)).toBe("given 2")
    await thread.close()
    await expect(thread.ask(3)).rejects.toThrow("the test thread ended")
  })

  it("rejects with the error of the thread what waits, and whatever comes later", async () => {
    const thread = threadOf('parentPort.on("message", () => { throw new Error("no such disk") })')
    await expect(thread.ask(1)).rejects.toThrow("no such disk")
    await expect(thread.ask(2)).rejects.toThrow("no such disk")
    await thread.close()
  })

  it("rejects what waits when it is ended", async () => {
    const thread = threadOf('parentPort.on("message", () => {})')
    const asked = Promise.allSettled([thread.ask(1)])
    await thread.close()
    expect(await asked).toMatchObject([{ status: "rejected", reason: { message: "the test thread ended" } }])
  })
})
