"""The backup: the whole ledger in one file, and back.

Lives here: the file's format, the snapshot, the one transaction of a restore.
May not live here: running PostgreSQL's programs (`postgres.dump`), questions to people.
"""
