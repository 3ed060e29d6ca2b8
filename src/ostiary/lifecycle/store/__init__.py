"""Every query of lifecycle workflows.

``workflows`` asks for what is configured, ``runs`` makes runs, ``results`` moves them on, and
``rows`` stands between rows and values.
"""
