"""Pictures drawn with matplotlib, for print and export."""
