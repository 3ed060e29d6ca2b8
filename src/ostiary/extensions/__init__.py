"""Call out, wait durably, resume: one mechanism for both governors.

A callout row names its owner by kind and id; what is told to the endpoint, and what happens when
it answers or stays silent, is the owner's business (``owners.Owner``). Nothing here knows what a
request or a task is.
"""
