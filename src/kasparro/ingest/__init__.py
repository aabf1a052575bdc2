"""How a run goes: claim, plan, fetch, keep, parse, load, checkpoint.

Lives here: runs, steps, streams, reprocessing and replay, as orders given to `sources` and `store`.
May not live here: SQL, HTTP, what a provider's bytes mean, printing.
"""
