"""Recompute every decision of a run from its records alone."""

from .names import check_names as check_names
from .pool import discrepancies as discrepancies
