"""The week engine: steps, fingerprints, plans, and the materialisation of partitions on disk."""
