"""Many photographs through one network: what its gates do over a data set, and whether that matters."""
