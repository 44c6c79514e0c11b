/** Who holds a lock on a file, as the kernel tells it (Linux): /proc/locks. */
import * as fs from "node:fs"

/** The process that holds a write lock on this byte of the file; nothing if none does, or the kernel does not say. */
export const holderOf = (filename: string, byte: number): number | undefined => {
  try {
    const { ino } = fs.statSync(filename)
    for (const line of fs.readFileSync("/proc/locks", "utf8").split("\n")) {
      // 1: POSIX  ADVISORY  WRITE 8713 fe:00:2171630 1073741825 1073741825
      const [, , , mode, pid, file, first, last] = line.split(/\s+/)
      const held = mode === "WRITE" && file?.split(":")[2] === String(ino)
      if (held && Number(first) <= byte && (last === "EOF" || Number(last) >= byte)) {
        return Number(pid) > 0 ? Number(pid) : undefined
      }
    }
  } catch {
    // not Linux, or not allowed: nobody is named
  }
  return undefined
}

/** Whether a process runs or was stopped by a signal. */
export const stateOf = (pid: number): "running" | "stopped" | "unknown" => {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8")
    const state = stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3)
    return state === "T" || state === "t" ? "stopped" : "RSDI".includes(state) ? "running" : "unknown"
  } catch {
    return "unknown"
  }
}
