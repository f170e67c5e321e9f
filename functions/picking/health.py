"""Picking's health routes."""

from shared.health import health_api

handler = health_api("picking")
