"""`python -m hm_pipeline.cli`: the command, where it is not installed."""

from hm_pipeline.cli.app import main

main()
