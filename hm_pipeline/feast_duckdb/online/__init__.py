"""Online store on SQLite, and writers that load whole weeks into SQLite or Redis."""
