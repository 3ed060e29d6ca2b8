"""The composition root: settings in, an ASGI application and a worker out.

``deployment`` is what every process opens, ``composition`` a whole server on it; ``front`` is what
it answers, ``operator`` the routes of ours beside the API, ``identity`` who is believed,
``whereabouts`` the note by which the command line finds a running server. No other package knows
how the parts fit together.
"""
