"""HTTP in, JSON out.

Lives here: the edge (limits, cache, headers), one file per resource, errors as problems, the documentation.
May not live here: SQL, how a run goes, pages for people.
"""
