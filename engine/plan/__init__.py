"""What to compute: relations over relations, each with its grain, its types and the rule it came from."""
