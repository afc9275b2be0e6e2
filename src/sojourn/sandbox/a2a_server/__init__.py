"""The reference agents as servers of the A2A protocol, several in one process."""
