/** Answers of link(2) that mean "not on this file system". */
export const withoutHardLinks: ReadonlySet<string> = new Set([
  "EPERM",
  "EOPNOTSUPP",
  "ENOTSUP",
  "EMLINK",
  "ENOSYS",
])
