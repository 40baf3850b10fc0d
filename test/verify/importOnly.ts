// Loads what the service loads and does nothing: the memory that importing alone costs.
await Promise.all([
  import("../../src/service.ts"),
  import("../../src/api/app.ts"),
  import("../../src/supervision/startCameras.ts"),
  import("@hono/node-server"),
])
process.stdout.write("imported\n")
process.stdin.resume()
