"""The local cloud: environments, start, deployment, sample data, and the tools an operator uses on it."""
