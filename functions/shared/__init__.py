"""The shared kernel: technical building blocks and the value types of the common language.

Nothing in here knows a service. `events`, `decider` and `event_store` are the heart: a decision becomes one
conditional write. `outbox`, `projection`, `consumer` and `http_edge` are the four ways in and out of a Lambda.
"""
