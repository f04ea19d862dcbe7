"""Who may do what to books: people, their roles, and the acts that move rules, overrides and periods."""
