"""What computes: catalog, sources, loading, cache, engine, runners. Knows no gradio and nothing of demos."""
