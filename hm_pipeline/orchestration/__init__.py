"""The Dagster shell: assets, checks, jobs, schedules and sensors, made from the steps."""
