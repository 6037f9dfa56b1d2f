"""Compiled arithmetic: arrays in, arrays out. Imports numpy and numba alone."""
