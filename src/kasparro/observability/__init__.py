"""Logs, ids, metrics, traces.

Lives here: how a log line looks, what is bound to it, what is struck out of it.
May not live here: anything that knows what is being done.
"""
