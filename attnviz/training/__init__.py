"""Training: recipes, data, augmentation and one loop. Nothing but the command line imports it."""
