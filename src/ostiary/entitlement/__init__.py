"""Entitlement management: who may have what, for how long, and who agreed.

A catalog holds packages; a package holds roles of resources; a policy says who may ask for it and
what has to happen first; a request walks that way and ends in an assignment, or not. The rules of
each noun are pure (``requests``, ``approvals``, ``assignments``, ``policies``, ``stages``), one
dispatcher (``requests.advance``) chooses the next step of a request from what is stored, and
everything that waits has a row that will move it: a callout, an approval or a work item.
"""
