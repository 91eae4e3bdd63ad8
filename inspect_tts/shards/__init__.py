"""One run in shards by problem, on one machine or many, in Inspect's layout."""
