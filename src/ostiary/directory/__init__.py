"""Who is governed: people, groups and their memberships, applications and their principals.

Packages put people into groups, workflows run on people, clients register with secrets; all of that
is data of this package. It knows nobody above it: the governors call ``store`` to read and
``changes`` to write, in transactions of their own. ``service`` and ``routes`` serve the same
through the API, ``clients`` tells ``identity`` who may sign in, ``seed`` makes a small
organisation.
"""
