"""Orders: what customers want, and the saga that sees each order through."""
