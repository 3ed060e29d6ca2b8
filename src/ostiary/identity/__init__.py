"""Who is calling, and what their token and roles allow.

``Authenticator`` turns the headers of a request into a ``Principal``; ``requires`` turns a row of
``matrix`` into the authorisation of an endpoint. ``issuer`` and its neighbours are an embedded
token issuer for development. This package knows no directory: who exists, it asks of ``ports``.
"""
