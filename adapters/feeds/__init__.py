"""From the bytes of a client's file to typed rows, each row accounted for."""
