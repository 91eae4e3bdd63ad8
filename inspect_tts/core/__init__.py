"""Decisions as pure, synchronous functions: no I/O, no clock, no global randomness."""
