"""The one place where settings become databases, clients, sources and the API.

Lives here: building things from settings, in the order in which they need each other.
May not live here: what these things do.
"""
