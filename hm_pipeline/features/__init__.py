"""Feast, first class: views generated from the registries, retrieval by key, and an offline store that scales.

The only package that imports feast, and only when a function that needs it is called: the import takes seconds.
"""
