"""What is odd about a step or a quote, and why; it flags, it never drops.

Lives here: anomalies, what is normal for a source, what is normal for a listing.
May not live here: thresholds per coin or source, anything that changes a quote.
"""
