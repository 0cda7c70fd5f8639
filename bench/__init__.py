"""Measured against the reference parser, in one run: A B A B, medians, CPU and wall. Timings decide no test."""
