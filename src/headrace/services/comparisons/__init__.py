"""Two versions on the same inputs, side by side."""
