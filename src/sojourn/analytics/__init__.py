"""Figures of many journeys: pure functions over rows, each with its definition, n and age."""
