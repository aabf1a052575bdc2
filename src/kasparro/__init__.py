"""Kasparro: the price ledger you own.

Every quote with a receipt, every gap explained, every past day as it was known.
"""

__version__ = "0.1.0"
