"""The web app: a page of tabs over the pipeline. It never imports torch."""
