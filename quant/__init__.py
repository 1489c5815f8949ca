"""What is computed: pure numbers on numpy arrays, without clock, chance, input or output."""
