"""Small plots of what the pipeline makes: each function turns a table into PNG bytes, and reads nothing else."""
