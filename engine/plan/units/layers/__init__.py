"""Which units each event moves: the set-based plan of placing units on an axis, pool by pool."""
