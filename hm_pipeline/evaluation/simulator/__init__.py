"""Hold a simulated shop against the reference data, figure by figure."""

from hm_pipeline.evaluation.simulator.fidelity import Calibration, calibrate, render

__all__ = ["Calibration", "calibrate", "render"]
