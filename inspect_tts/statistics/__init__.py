"""Compute numbers from records: scores, judge quality, costs, intervals. Pure."""
