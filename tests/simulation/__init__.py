"""A deterministic simulation: whole servers in one process, whose every fault comes from a seed.

``loop`` is time and death, ``disk`` the database's file with its faults, ``network`` what lies
between the servers and everybody else, ``nodes`` the servers, ``actors`` who calls them, ``proof``
what must hold in the end, ``history`` one life of it all. ``python -m tests.simulation`` runs many.
"""
