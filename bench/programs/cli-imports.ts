/** What Node takes to import what the command is built on, all of it. */
import "effect"
import "@effect/cli"
