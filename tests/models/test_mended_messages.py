"""Half surrogate pairs are replaced in what is sent and logged; all else stays as it is."""

from inspect_ai.event import Event, InfoEvent, ModelEvent
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageTool,
    ChatMessageUser,
    ContentReasoning,
    ContentText,
    GenerateConfig,
    ModelOutput,
)
from inspect_ai.tool import ToolCall
from inspect_ai.util import Store

from inspect_tts.models.messages import mend_events, mend_messages, mend_output, mend_store

HALF, WHOLE = "a\ud83d", "a\ufffd"


def test_texts_of_messages_wherever_they_stand() -> None:
    call = ToolCall(id="1", function="bash", arguments={"command": HALF, "more": [HALF]})
    messages: list[ChatMessage] = [
        ChatMessageUser(content=HALF),
        ChatMessageUser(content=[ContentText(text=HALF)]),
        ChatMessageAssistant(content=[ContentReasoning(reasoning=HALF)], tool_calls=[call]),
        ChatMessageTool(content=HALF),
    ]
    ids = [message.id for message in messages]
    mend_messages(messages)
    assert messages[0].text == messages[1].text == messages[3].text == WHOLE
    answer = messages[2]
    assert isinstance(answer, ChatMessageAssistant)
    assert answer.tool_calls is not None
    assert answer.tool_calls[0].arguments == {"command": WHOLE, "more": [WHOLE]}
    assert isinstance(answer.content, list)
    assert answer.content[0] == ContentReasoning(reasoning=WHOLE)
    assert [message.id for message in messages] == ids
    for message in messages:
        message.model_dump_json()


def test_a_message_without_halves_is_left_alone() -> None:
    parts = [ContentText(text="\U0001f600")]
    message = ChatMessageUser(content=[*parts])
    before = message.content
    mend_messages([message])
    assert message.content is before


def test_every_choice_of_an_output() -> None:
    output = ModelOutput.from_content("m", HALF, error=HALF)
    output.choices.append(output.choices[0].model_copy(deep=True))
    mend_output(output)
    assert [choice.message.text for choice in output.choices] == [WHOLE, WHOLE]
    assert output.error == WHOLE


def test_inputs_and_outputs_of_calls() -> None:
    message = ChatMessageUser(content=HALF)
    events: list[Event] = [
        InfoEvent(data="x"),
        *(
            ModelEvent(
                model="m",
                input=[message],
                tools=[],
                tool_choice="auto",
                config=GenerateConfig(),
                output=ModelOutput.from_content("m", HALF),
            )
            for _ in range(2)
        ),
    ]
    mend_events(events)
    for event in events:
        event.model_dump_json()
        if isinstance(event, ModelEvent):
            assert event.input[0].text == event.output.completion == WHOLE


def test_keys_and_texts_of_a_store() -> None:
    odd = [HALF]
    store = Store({"text": HALF, HALF: 1, "whole": "b", "both\ud83d": HALF})
    store.set("odd", odd)
    mend_store(store)
    assert store.get("odd") is odd, "the log can hold it"
    store.delete("odd")
    assert dict(store.items()) == {"text": WHOLE, WHOLE: 1, "whole": "b", "both\ufffd": WHOLE}
