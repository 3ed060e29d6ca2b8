"""Every query of entitlement management: ids or values in, values out, always in batches.

One module for each noun. Whoever moves requests and what belongs to them locks in one order, so
that two who move the same ones wait for each other and not for ever: callouts, requests, approval
stages, assignments, subjects; and within each by id.
"""
