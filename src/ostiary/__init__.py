"""Ostiary."""
