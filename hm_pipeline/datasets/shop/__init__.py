"""Tables of any shop: a declarative schema maps its files and columns to the layout that is ingested."""
