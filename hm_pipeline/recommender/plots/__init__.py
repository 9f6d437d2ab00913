"""Small pictures of what the pipeline makes.  Each function turns a table into PNG bytes and knows nothing else."""
