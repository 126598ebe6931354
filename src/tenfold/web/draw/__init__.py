"""Drawings as HTML and SVG text, from the API's answers: pure functions of data and words."""
