"""Which listings are the same coin, and how that is known: pure decisions over what the sources say.

Lives here: names, chains and addresses made comparable; evidence; links, suggestions, slugs; what changed in a list.
May not live here: where listings are kept, who asks, clocks.
"""
