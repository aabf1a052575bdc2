"""Identity in the ledger: what is known of listings, which assets they belong to, what a person decided.

Lives here: reading listings as subjects, committing resolutions, verdicts and suggestions.
May not live here: the rules by which listings become assets (`market.identity`).
"""
