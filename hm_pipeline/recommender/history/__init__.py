"""The weekly state that strategies and signals share, each week built from the last one and one more week of sales."""
