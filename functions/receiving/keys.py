"""Where documents of the views table are that more than one capability looks up."""


def plan_key(plan_id: str) -> tuple[str, str]:
    """Where an inspection plan is."""
    return f"Plan#{plan_id}", "Plan"
