"""What an auditor gets: a second verifier of books, and one folder of evidence for a period."""
