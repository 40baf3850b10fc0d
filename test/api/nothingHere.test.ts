import { Hono } from "hono"
import { expect, it } from "vitest"
import { nothingHere } from "../../src/api/nothingHere.ts"

const app = new Hono({ strict: false })
app.use(async (_, next) => next())
app.route(
  "/api/silences",
  new Hono()
    .get("/", (c) => c.text("all"))
    .post("/", (c) => c.text("made"))
    .delete("/:id", (c) => c.text("gone")),
)
app.notFound(nothingHere(app))

it.each([
  ["PUT", "/api/silences", "GET, HEAD, POST"],
  ["DELETE", "/api/silences/", "GET, HEAD, POST"],
  ["GET", "/api/silences/7", "DELETE"],
  ["OPTIONS", "/api/silences/7?x=1", "DELETE"],
])("%s %s is answered with the methods that the address has", async (method, path, allow) => {
  const response = await app.request(path, { method })
  expect(response.status).toBe(405)
  expect(response.headers.get("allow")).toBe(allow)
  expect(response.headers.get("content-type")).toBe("application/problem+json")
  expect(await response.json()).toMatchObject({
    type: "urn:vigia:problem:method-not-allowed",
    status: 405,
    detail: `This address takes ${allow}`,
  })
})

it.each([
  ["GET", "/api/silence"],
  ["PUT", "/"],
])("%s %s is nothing of ours", async (method, path) => {
  const response = await app.request(path, { method })
  expect(response.status).toBe(404)
  expect(response.headers.get("allow")).toBeNull()
})
