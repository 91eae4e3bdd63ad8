"""Ask the judge and the summarizer, and read what their failures mean."""
