"""Values: what rules read and work out in rows of one grain, as SQL over frames."""
