"""How a request gets on: the transactions that carry out what the rules of ``requests`` say.

Every function works on a batch in its caller's transaction. ``moves`` stores what a rule decided
and what follows from it, ``steps`` is the dispatcher, ``asking`` opens approvals, ``delivery``
writes and withdraws roles, ``updating`` changes what is held, ``ending`` ends what is out of time.
"""
