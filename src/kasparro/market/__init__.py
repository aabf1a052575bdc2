"""What the data means, pure and without I/O.

Lives here: quotes, coins, exact amounts, field drift.
May not live here: HTTP, SQL, files, clocks, settings.
"""
