/**
 * A saga: reserve, charge, ship. A card that is declined gives the goods back; a courier that is busy is asked again; a
 * charge of which nobody knows whether it happened waits for a person.
 *
 *     npm run build && node dist/examples/place-order.js
 */
import { realpathSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { Phase, Task, TaskEngine } from "tidemark"

export class Declined extends Schema.TaggedError<Declined>()("Declined", { reason: Schema.String }) {}
export class CourierBusy extends Schema.TaggedError<CourierBusy>()("CourierBusy", {}) {}

/** What the task needs of the world. Each call that costs something takes the key of its phase: asked twice, done once. */
export class Shop extends Context.Tag("examples/Shop")<
  Shop,
  {
    readonly reserve: (sku: string, key: string) => Effect.Effect<string>
    readonly release: (hold: string) => Effect.Effect<void>
    readonly charge: (card: string, key: string) => Effect.Effect<string, Declined>
    readonly refund: (receipt: string) => Effect.Effect<void>
    readonly ship: (hold: string) => Effect.Effect<string, CourierBusy>
  }
>() {}

const reserve = (sku: string) =>
  Effect.flatMap(Phase.key, (key) => Effect.flatMap(Shop, (shop) => shop.reserve(sku, key)))
const release = (hold: string) => Effect.flatMap(Shop, (shop) => shop.release(hold))
const charge = (card: string) =>
  Effect.flatMap(Phase.key, (key) => Effect.flatMap(Shop, (shop) => shop.charge(card, key)))
const refund = (receipt: string) => Effect.flatMap(Shop, (shop) => shop.refund(receipt))
const ship = (hold: string) => Effect.flatMap(Shop, (shop) => shop.ship(hold))

const patiently = Schedule.intersect(Schedule.exponential("1 second"), Schedule.recurs(5))

export const placeOrder = Task.make("place-order", {
  payload: { sku: Schema.String, card: Schema.String },
  success: Schema.String,
  error: Schema.Union(Declined, CourierBusy),
  onFailure: "revert",
  *run({ card, sku }) {
    const hold = yield* Phase.make("reserve", { run: reserve(sku), undo: release })
    yield* Phase.make("charge", { run: charge(card), undo: refund, inDoubt: "ask" })
    yield* Phase.checkpoint("paid", { commit: true })
    return yield* Phase.make("ship", { run: ship(hold), retry: patiently })
  }
})

/** A shop that remembers what was asked under which key, refuses cards of noughts, and whose courier is busy at first. */
export const shopInMemory = Layer.sync(Shop, () => {
  const done = new Map<string, string>()
  let busy = true
  const say = (text: string) => Console.log(`  shop: ${text}`)
  const once = (key: string, name: string, text: string) =>
    Effect.suspend(() => {
      const id = done.get(key) ?? `${name}-${done.size + 1}`
      if (done.has(key)) return Effect.succeed(id)
      done.set(key, id)
      return Effect.as(say(`${text}: ${id}`), id)
    })
  return {
    reserve: (sku, key) => once(key, "hold", `reserves ${sku}`),
    release: (hold) => say(`releases ${hold}`),
    charge: (card, key) =>
      /^0+$/.test(card)
        ? Effect.zipRight(say(`declines ${card}`), new Declined({ reason: "no such card" }))
        : once(key, "receipt", `charges ${card}`),
    refund: (receipt) => say(`refunds ${receipt}`),
    ship: Effect.fnUntraced(function* (hold) {
      const attempt = yield* Phase.attempt
      if (busy) {
        busy = false
        yield* say(`the courier is busy (attempt ${attempt})`)
        return yield* new CourierBusy()
      }
      return yield* once(yield* Phase.key, "parcel", `ships ${hold} (attempt ${attempt})`)
    })
  }
})

const order = Effect.fnUntraced(function* (id: string, sku: string, card: string) {
  yield* Console.log(`${id}: ${sku}, card ${card}`)
  const answer = yield* Effect.either(placeOrder.execute({ sku, card }, { id }))
  const { status } = yield* TaskEngine.status(id)
  const says = answer._tag === "Right" ? answer.right : answer.left._tag
  yield* Console.log(`  ${status}: ${says}`)
})

/** An order that goes through, the same one asked for again, and one that is declined. */
export const story = Effect.gen(function* () {
  yield* order("order-1", "tea", "4242")
  yield* order("order-1", "tea", "4242")
  yield* order("order-2", "tea", "0000")
})

const main = Effect.provide(story, Layer.merge(TaskEngine.layerMemory, shopInMemory))

const isProgram = process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)
if (isProgram) NodeRuntime.runMain(main)
