"""What people read and sign: pages made of blocks, shown as text, as HTML for paper, and as values for JSON."""
