"""Hold a simulated shop against the reference data, figure by figure."""

from hm_pipeline.evaluation.calibration.report import Calibration, calibrate, render

__all__ = ["Calibration", "calibrate", "render"]
