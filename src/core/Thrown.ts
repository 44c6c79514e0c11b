/** Whatever was thrown, as text. Anything can be thrown: what cannot be read, too. */

/** What `value` says of itself. Never throws. */
export const text = (value: unknown): string => {
  for (const read of [() => String(value), () => Object.prototype.toString.call(value)]) {
    try {
      return read()
    } catch {}
  }
  return `an unreadable ${typeof value}`
}
