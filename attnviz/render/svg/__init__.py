"""Small drawings as SVG and HTML, for pages and notebooks."""
