"""What going back costs: a module for each store, one for all of them, one for a whole suite."""
