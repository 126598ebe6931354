"""What several pages show: refusals, forms, charts, artifacts."""
