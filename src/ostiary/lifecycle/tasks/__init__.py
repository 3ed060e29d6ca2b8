"""The tasks that workflows run, one module for each kind.

``port`` says what a task is, ``registry`` finds the one for a definition. A definition that nothing
is registered for fails and says so; it never looks like a success.
"""
