import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto"
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

/** The key file cannot be read or written, or is no key. */
export class SecretKeyUnusable extends Schema.TaggedError<SecretKeyUnusable>()("SecretKeyUnusable", {
  message: Schema.String,
}) {}

/** A sealed text was not sealed with this key, or was changed. */
export class SecretUnreadable extends Schema.TaggedError<SecretUnreadable>()("SecretUnreadable", {}) {
  override get message(): string {
    return "A stored secret cannot be opened with this secret.key: restore the key file it was sealed with"
  }
}

const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16
const version = "v1."

const sealWith = (key: Buffer, secret: string): string => {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv("aes-256-gcm", key, nonce)
  const sealed = Buffer.concat([nonce, cipher.update(secret, "utf8"), cipher.final(), cipher.getAuthTag()])
  return version + sealed.toString("base64url")
}

const openWith = (key: Buffer, sealed: string): string => {
  const bytes = Buffer.from(sealed.startsWith(version) ? sealed.slice(version.length) : "", "base64url")
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  })
  decipher.setAuthTag(bytes.subarray(-tagBytes))
  return decipher.update(bytes.subarray(nonceBytes, -tagBytes), undefined, "utf8") + decipher.final("utf8")
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "unknown error"

/** The key of the file, made on first use; a second process that makes it at the same time gets the same key. */
const keyOfFile = (stateDirectory: string): string => {
  const path = join(stateDirectory, "secret.key")
  if (existsSync(path)) return readFileSync(path, "utf8").trim()
  mkdirSync(stateDirectory, { recursive: true, mode: 0o711 })
  const fresh = `${path}.${randomBytes(6).toString("hex")}`
  writeFileSync(fresh, `${randomBytes(keyBytes).toString("hex")}\n`, { mode: 0o600, flag: "wx" })
  try {
    linkSync(fresh, path)
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error
  } finally {
    rmSync(fresh)
  }
  return readFileSync(path, "utf8").trim()
}

/**
 * Seals secrets before they reach the database or a file: AES-256-GCM, a random nonce of 96 bits for each
 * (NIST SP 800-38D), as text `v1.<base64url of nonce, ciphertext, tag>`.
 */
export class SecretBox extends Context.Service<
  SecretBox,
  {
    seal(secret: Redacted.Redacted): string
    open(sealed: string): Effect.Effect<Redacted.Redacted, SecretUnreadable>
  }
>()("vigia/storage/SecretBox") {
  /** With a key of 64 hexadecimal digits: the one given, else that of `<stateDirectory>/secret.key` (0600). */
  static readonly layer = (options: {
    readonly stateDirectory: string
    readonly key?: Redacted.Redacted
  }): Layer.Layer<SecretBox, SecretKeyUnusable> =>
    Layer.effect(
      SecretBox,
      Effect.gen(function* () {
        const text = yield* Effect.try({
          try: () =>
            options.key === undefined ? keyOfFile(options.stateDirectory) : Redacted.value(options.key),
          catch: (error) =>
            new SecretKeyUnusable({
              message: `Cannot use ${join(options.stateDirectory, "secret.key")}: ${codeOf(error)}`,
            }),
        })
        if (!/^[0-9a-f]{64}$/i.test(text)) {
          return yield* new SecretKeyUnusable({
            message: `The secret key must be ${keyBytes * 2} hexadecimal digits`,
          })
        }
        const key = Buffer.from(text, "hex")
        return SecretBox.of({
          seal: (secret) => sealWith(key, Redacted.value(secret)),
          open: (sealed) =>
            Effect.fromResult(
              Result.try({
                try: () => Redacted.make(openWith(key, sealed)),
                catch: () => new SecretUnreadable(),
              }),
            ),
        })
      }),
    )
}
