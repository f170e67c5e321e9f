"""How labels and lists look on paper: drawn once, in millimetres, and rendered as PDF, SVG or ZPL."""
