"""Ostiary: self-hosted identity governance that speaks the Microsoft Graph API."""

__version__ = "0.1.0"
