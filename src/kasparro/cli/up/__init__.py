"""`kasparro up`, `down` and `logs`: everything that makes a ledger that is kept and served, together.

Lives here: starting, watching and ending the other commands as processes, and what a person is told meanwhile.
May not live here: what those commands do.
"""
