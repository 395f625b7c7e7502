"""Where test data lives for the length of a run: service processes and the run's folder."""
