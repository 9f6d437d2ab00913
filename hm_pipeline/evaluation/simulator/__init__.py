"""Fidelity of a simulated shop: comparison with the reference data, metric by metric."""

from hm_pipeline.evaluation.simulator.fidelity import Calibration, calibrate, render

__all__ = ["Calibration", "calibrate", "render"]
