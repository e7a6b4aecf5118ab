"""What is made of missions once they are known: names, persona cards, sums outside the customer base."""
