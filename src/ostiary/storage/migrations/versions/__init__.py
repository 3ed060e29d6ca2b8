"""The chain of revisions: a number and a sentence each."""
