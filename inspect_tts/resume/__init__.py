"""Finished work, saved beside the log so that a retry pays for nothing twice. Knows no stage."""
