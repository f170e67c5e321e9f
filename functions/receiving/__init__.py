"""Receiving: inbound shipments from their announcement to the discrepancy report, and the quality of what came."""
