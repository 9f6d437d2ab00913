"""Where the sample of real H&M data lies, beside the checkout; a user has none, so its tests are skipped there."""

from pathlib import Path

SHARED = Path(__file__).parents[1].parent / "shared"
SAMPLE = SHARED / "real/h-and-m-sample"
