"""Agents of this package."""
