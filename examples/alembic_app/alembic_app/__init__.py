"""A tool library: members borrow drills and ladders, one at a time, and bring them back."""
