import * as Schema from "effect/Schema"
import { awaitFact } from "../support/awaitFact.ts"
import type { VigiaService } from "../support/VigiaService.ts"

const identified = Schema.decodeUnknownSync(Schema.Struct({ id: Schema.Int }))
const status = Schema.decodeUnknownSync(Schema.Struct({ is_recording: Schema.Boolean }))

/** Adds cameras to a fresh service and resolves with their ids when all of them record. */
export const recordAll = async (
  service: VigiaService,
  urls: ReadonlyArray<string>,
): Promise<ReadonlyArray<number>> => {
  const owner = await service.request("POST", "/api/owners", { name: "measure", plan: "pro" })
  const cameraIds: Array<number> = []
  for (const url of urls) {
    const camera = { owner_id: identified(owner.body).id, name: "camera", url }
    cameraIds.push(identified((await service.request("POST", "/api/cameras", camera)).body).id)
  }
  await awaitFact(
    "all cameras record",
    async () => {
      const answers = await Promise.all(
        cameraIds.map((id) => service.request("GET", `/api/recording/status/${id}`)),
      )
      return answers.every(({ body }) => status(body).is_recording)
    },
    120_000,
  )
  return cameraIds
}
