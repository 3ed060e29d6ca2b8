"""Every query of lifecycle workflows.

``workflows`` asks for what is configured and ``versions`` makes its rows; ``runs`` makes runs,
``portions`` lays out their people, ``results`` moves them on. ``rows`` stands between rows and the
values of the rules, ``shown`` between rows and the wire.
"""
