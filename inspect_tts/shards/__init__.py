"""Split one run into shards by problem, on one machine or many, in Inspect's layout."""
