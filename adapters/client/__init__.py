"""A client's `client.yaml`: its model, its text, and what is wrong with it."""
