"""Where the API reads entitlement management from; one module for each group of nouns.

What somebody with no more than roles in catalogs sees is decided here, row by row.
"""
