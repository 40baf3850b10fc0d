import { errorCode } from "../domain/errorCode.ts"

const isAbsence = (error: unknown): boolean => errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR"

/** What an act on a file answers, or `absent` where the file is not there. */
export const unlessAbsent = async <A, B>(act: Promise<A>, absent: B): Promise<A | B> => {
  try {
    return await act
  } catch (error) {
    if (isAbsence(error)) return absent
    throw error
  }
}
