"""How gates grew while a network was trained."""
