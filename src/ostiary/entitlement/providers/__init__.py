"""Where roles live: one provider for each origin system.

``port`` is what a provider must be. Those of our own directory act in the caller's transaction;
every other origin is called by HTTP, through the queue and outside of any transaction.
"""
