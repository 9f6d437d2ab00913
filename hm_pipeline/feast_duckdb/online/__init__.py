"""Online store on SQLite, and writers that load full weeks into SQLite or Redis."""
