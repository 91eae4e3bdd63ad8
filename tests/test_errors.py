"""A user's mistake is shown as it is."""

import pytest
from rich.console import Console

from inspect_tts import UserError
from inspect_tts.stages.arguments import one_of


@pytest.mark.parametrize("value", ["[bold]", "[/x]", "[red]a[/red]"])
def test_brackets_in_a_value_are_shown_as_they_are(value: str) -> None:
    with pytest.raises(UserError) as caught:
        one_of("context", value, ("select", "random"))
    console = Console(width=200)
    with console.capture() as shown:
        console.print(caught.value.message)
    assert f"context={value!r}" in shown.get()
    assert f"context={value!r}" in str(caught.value)
