"""The reference agents' work on a real search service, over HTTP."""
