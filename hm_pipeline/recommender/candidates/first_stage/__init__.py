"""First stage: the pool of all proposals, and the model that keeps the best of them."""
