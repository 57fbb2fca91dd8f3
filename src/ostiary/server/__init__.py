"""The composition root: the only floor that reads a clock or makes randomness."""
