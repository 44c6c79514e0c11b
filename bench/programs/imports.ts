/** What Node takes to import the modules that cold.ts uses. */
import "effect/Effect"
import "effect/Schema"
import "tidemark"
import "tidemark/sqlite"
