import * as Effect from "effect/Effect"
import * as MemoryStore from "../../src/store/MemoryStore.js"
import { storeSuite } from "../../src/testing/StoreSuite.js"

storeSuite("MemoryStore", {
  make: Effect.sync(() => {
    const memory = MemoryStore.memory()
    return MemoryStore.make(memory)
  })
})
