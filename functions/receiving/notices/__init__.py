"""Advance ship notices in the forms that partners send: CSV, X12 856, EDIFACT DESADV. Text in, a notice out."""
