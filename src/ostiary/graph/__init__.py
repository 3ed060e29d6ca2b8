"""The protocol: types, URLs, query options, JSON and errors of the Graph dialect of OData.

A feature package declares wire types (``types``) and resources (``resources``); everything that
goes over the wire follows from those declarations. Nothing here knows any governance.
"""
