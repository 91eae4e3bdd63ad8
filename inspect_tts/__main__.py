"""`python -m inspect_tts`: the command `inspect-tts`."""

from .cli import main

main(prog_name="inspect-tts")
