"""A weekly fashion recommender: Dagster signals, Feast features, a FLAML ensemble, 12 articles a customer."""

__version__ = "0.1.0"

from hm_pipeline.base.former_places import install as _install

_install()
