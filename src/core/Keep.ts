/** How much of its past an execution keeps: all of it; so many checkpoints; those younger than so many milliseconds. */
export type Keep = "all" | { readonly last: number } | { readonly for: number }
