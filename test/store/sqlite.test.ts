import * as Effect from "effect/Effect"
import * as SqliteStore from "../../src/store/SqliteStore.js"
import { storeSuite } from "../../src/testing/StoreSuite.js"
import { temporaryFile } from "./support/TemporaryFolder.js"

storeSuite("SqliteStore", {
  make: Effect.map(temporaryFile, (filename) => SqliteStore.make({ filename }))
})
