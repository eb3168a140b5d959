"""Fuzz targets for every decoder of what a peer sends; README.md describes how to add one.

target      what a target is, and how its findings are told from declared errors
registry    finds the targets of the files fuzz_*.py
mutation    a seeded stream of damaged inputs, for machines without a fuzzing engine
engine      the same targets under atheris
"""
