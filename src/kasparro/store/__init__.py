"""PostgreSQL: every SQL statement, one typed function each; migrations.

Lives here: tables, the page transaction, reads, claims, the digest.
May not live here: HTTP, files but those of payloads and backups, decisions about runs; imports of FastAPI or of
sources.
"""
