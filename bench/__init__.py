"""Benchmarks, each one command that measures against a yardstick in the same run."""
