"""The system's infrastructure: `infra.app` is the map, everything else turns it into stacks."""
