"""The demo client: a seeded world of partners, parts and sales, written as the raw files its partners would send."""
