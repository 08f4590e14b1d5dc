"""Checks of Humanloop's v5 API."""
