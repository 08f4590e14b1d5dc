"""What is kept of runs, off their path: events, facts, and the logs made of them."""
