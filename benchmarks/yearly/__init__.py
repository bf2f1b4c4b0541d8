"""What the benchmark of whole years is made of."""
