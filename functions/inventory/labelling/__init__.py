"""What is where on the labels of places, products and handling units."""
