"""The bridge to agents: one protocol, one file for each way in which an agent can be called."""
