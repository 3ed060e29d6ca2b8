"""Work that survives: a clock, a queue with timers, leases and retries, and group commit.

Nothing here knows any governance: an item has a kind, a key and a payload, and a handler that the
composition root gives.
"""
