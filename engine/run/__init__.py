"""From relations to rows, journal and evidence, through the ports that adapters implement."""
