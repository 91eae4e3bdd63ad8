"""Recompute every decision of a run from its records alone."""

from .pool import discrepancies as discrepancies
