"""A local page that shows what a served model makes of a file."""
