"""Whether a place takes a box: `verdict.verdict(box, config)`; the other files are its parts."""
