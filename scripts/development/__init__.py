"""A Home Assistant of its own for developing: configuration, start, first steps, dashboard."""
