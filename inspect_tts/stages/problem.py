"""The problem as the agents see it."""

from inspect_ai.solver import TaskState


def problem_text(state: TaskState) -> str:
    """Show a sample's input, and its choices where it has some. Never its target or metadata.

    Args:
        state: The sample's state.

    Returns:
        The input; of a conversation all messages with their roles.
    """
    if isinstance(state.input, str):
        text = state.input
    else:
        text = "\n\n".join(f"{message.role}: {message.text}" for message in state.input)
    choices = [f"{chr(ord('A') + i)}) {choice.value}" for i, choice in enumerate(state.choices)]
    return "\n".join([text, *choices]).strip()
