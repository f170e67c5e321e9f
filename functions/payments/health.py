"""Says whether payments is alive and reaches its tables."""

from shared.health import health_api

handler = health_api("payments")
