"""Where the API reads lifecycle workflows from.

``configured`` has what is set up, ``results`` tasks and what happened to them, ``definitions`` the
fixed catalogue.
"""
