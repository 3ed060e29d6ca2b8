"""Lifecycle workflows: tasks that run for people who join, move within and leave the house."""
