"""Picking's rules, pure: how one walks, which orders are picked together, what goes into which carton."""
