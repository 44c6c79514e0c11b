/** What Node takes alone. */
export {}
