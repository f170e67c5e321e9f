"""What codes say: GS1 element strings, Digital Links, EPCs and our location labels, read without look-ups."""
