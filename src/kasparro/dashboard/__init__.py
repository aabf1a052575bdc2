"""Pages for people: the ledger seen in a browser.

Lives here: the pages, their templates and files. Each asks the API what it shows, from within, as any client would.
May not live here: SQL, what the numbers mean, anything that the API would answer otherwise.
"""
