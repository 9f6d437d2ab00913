"""Ground floor: errors, settings, the calendar, contracts, ids. Imports nothing of the product."""
