"""What barcodes say: GS1 keys, element strings and Digital Links, read without look-ups and without libraries."""

LONGEST_CODE = 1_000
"""So many characters of a code are read."""
