"""What the practice office is made of: names, products, orders, letters, meetings, papers."""
