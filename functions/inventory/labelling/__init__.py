"""How labels look: drawn once, in millimetres, and rendered as PDF, SVG or ZPL."""
