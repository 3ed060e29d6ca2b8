"""The demonstration: two stories told by a server, an extension endpoint and their clients.

``story_entitlement`` and ``story_lifecycle`` read like scripts. ``stage`` sets the scene, in this
process but over real HTTP; ``client`` is what a client would be, ``endpoint`` what the owner of an
extension would run, ``show`` how it is told.
"""
