"""Benchmarks: what the ledger, the parsers and whole runs cost, as ratios inside one run.

Run them with `python -m bench`. Lives here: measuring and its peers (`\\copy`, dlt). Not: tests, product code.
"""
