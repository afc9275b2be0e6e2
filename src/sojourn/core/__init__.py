"""Types, tables and decisions; pure, standard library only, no clock and no I/O."""
