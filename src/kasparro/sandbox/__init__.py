"""The provider simulator: CoinGecko and CoinPaprika over HTTP on loopback.

Lives here: a seeded synthetic market, recorded replies, plans with their limits, faults on request.
May not live here: anything of `sources/`; the two are written from the providers' documents apart.
"""
