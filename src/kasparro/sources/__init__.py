"""One module per provider, the polite HTTP client they share, the contract kit for new ones.

Lives here: what to ask a provider for (plan), how to ask (fetch), what its bytes say (parse).
May not live here: SQL, run and step bookkeeping, anything that writes the ledger.
"""
