"""The outside world: engines, files, books, people."""
