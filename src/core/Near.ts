/** What somebody may have meant who wrote something that there is not. */

/** How many letters must be put in, taken out or exchanged, if no more than `most`. */
const distance = (a: string, b: string, most: number): number => {
  if (Math.abs(a.length - b.length) > most) return most + 1
  let before = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const now = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      now.push(Math.min(now[j - 1]! + 1, before[j]! + 1, before[j - 1]! + same))
    }
    if (Math.min(...now) > most) return most + 1
    before = now
  }
  return before[b.length]!
}

/** Lower is nearer; nothing if it is too far away. */
const rank = (wanted: string, candidate: string): number | undefined => {
  const [a, b] = [wanted.toLowerCase(), candidate.toLowerCase()]
  if (a === b) return 0
  if (b.startsWith(a) || (b.length > 2 && a.startsWith(b))) return 1
  const most = Math.max(1, Math.floor(Math.min(a.length, b.length) / 3))
  const found = distance(a, b, most)
  return found > most ? undefined : 1 + found
}

/** At most three of these, the nearest first. */
export const misses = (wanted: string, candidates: ReadonlyArray<string>): ReadonlyArray<string> =>
  candidates
    .flatMap((candidate) => {
      const found = rank(wanted, candidate)
      return found === undefined ? [] : [{ candidate, found }]
    })
    .sort((a, b) => a.found - b.found)
    .slice(0, 3)
    .map(({ candidate }) => candidate)
