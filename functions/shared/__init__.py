"""The shared kernel: technical building blocks and the value types of the common language.

Nothing in here knows a service. `events`, `decider` and `event_store` are the heart: a decision becomes one
conditional write. `outbox`, `projection`, `consumer` and `http_edge` are the four ways in and out of a Lambda.

A cold start makes tens of thousands of objects that stay, boto3's above all. With Python's own thresholds the
garbage collector looks through them more than a hundred times, once through all of them: a tenth of the CPU time.
"""

import gc

gc.set_threshold(50_000, 20, 20)
