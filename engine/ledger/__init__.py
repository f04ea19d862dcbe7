"""The vocabulary of accounting: money, calendars, periods; imports nothing of ours but spans and diagnostics."""
