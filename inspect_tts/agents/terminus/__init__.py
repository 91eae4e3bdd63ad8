"""Terminus 1: an agent that types into one terminal."""

from .agent import terminus

__all__ = ["terminus"]
