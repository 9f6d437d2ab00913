"""Pictures of the simulated shop's articles: silhouettes by type, cloth by colour and pattern, written as JPEG."""
