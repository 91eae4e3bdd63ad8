"""How servers word that a prompt does not fit into the context."""

import pytest

from inspect_tts.models.failure_kinds import kind_of

OVERFLOWS = {
    "a sequence": (400, "Prompt length 40000 exceeds maximum sequence length of 32768"),
    "a sequence's limit": (
        400,
        "Number of input tokens (40000) has exceeded max_seq_len (8192) limit",
    ),
    "a window": (
        400,
        "This model's context window is 8192 tokens, but the request needs 9000.",
    ),
    "a window's limit": (400, "context window limit exceeded"),
    "message tokens": (400, "total message token length exceed model limit"),
    "in total": (400, "max_total_tokens exceeded"),
    "too many": (400, "too many tokens"),
    "llama.cpp": (
        400,
        "request (4390 tokens) exceeds the available context size (4096 tokens), try increasing it "
        "exceed_context_size_error",
    ),
    "llama.cpp, older": (
        400,
        "the request exceeds the available context size. try increasing the context size or enable "
        "context shift",
    ),
    "llama.cpp, with 500": (500, "Context size has been exceeded."),
    "llama-cpp-python": (400, "Requested tokens (2285) exceed context window of 2048"),
    "vLLM": (
        400,
        "This model's maximum context length is 16384 tokens. However, you requested 122946 tokens "
        "(112946 in the messages, 10000 in the completion). Please reduce the length of the "
        "messages or completion.",
    ),
    "vLLM, decoder": (
        400,
        "The decoder prompt (length 21535) is longer than the maximum model length of 16384.",
    ),
    "vLLM, too long": (
        400,
        "The prompt (total length 25938) is too long to fit into the model (context length 4096).",
    ),
    "LM Studio": (
        400,
        "Trying to keep the first 15857 tokens when context the overflows. However, the model is "
        "loaded with context length of only 4096 tokens, which is not enough.",
    ),
    "Ollama": (400, "the input length exceeds the context length"),
    "Ollama, prompt": (400, "prompt too long; exceeded max context length by 345 tokens"),
    "OpenRouter": (
        400,
        "This endpoint's maximum context length is 131072 tokens. However, you requested about "
        "138956 tokens (7884 of text input, 131072 in the output).",
    ),
    "Bedrock": (400, "Input is too long for requested model."),
    "Bedrock, converse": (400, "The model returned the following errors: Too many input tokens"),
    "OpenAI": (400, "Your input exceeds the context window of this model. context_length_exceeded"),
    "Anthropic": (400, "prompt is too long: 208310 tokens > 200000 maximum"),
    "Anthropic, both": (
        400,
        "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
    ),
    "Anthropic, bytes": (413, "Request exceeds the maximum size"),
    "Google": (400, "The input token count (1200000) exceeds the maximum number of tokens allowed"),
    "Moonshot": (400, "Invalid request: Your request exceeded model token limit: 8192"),
    "LiteLLM": (400, "litellm.ContextWindowExceededError: too much"),
    "SGLang": (400, "The input (50000 tokens) is longer than the model's context length (32768)."),
    "TGI": (
        422,
        "`inputs` tokens + `max_new_tokens` must be <= 4096. inputs must have less tokens",
    ),
    "Mistral": (
        400,
        "Prompt contains 40206 tokens and 0 draft tokens, too large for model with 32768 maximum "
        "context length",
    ),
    "Groq": (400, "Please reduce the length of the messages or completion."),
    "Cerebras": (
        400,
        "Please reduce the length of the messages or completion. Current length is 9001 while "
        "limit is 8192",
    ),
    "DeepSeek": (
        400,
        "This model's maximum context length is 65536 tokens. However, you requested 70000 tokens "
        "(66000 in the messages, 4000 in the completion).",
    ),
    "xAI": (
        400,
        "This model's maximum prompt length is 131072 but the request contains 200000 tokens.",
    ),
    "Azure": (
        400,
        "Invalid 'messages[0].content': string too long. Expected a string with maximum length "
        "10485760. string_above_max_length",
    ),
    "Vertex": (
        400,
        "Unable to submit request because the input token count is 1200000 but model only supports "
        "up to 1048576. Reduce the input token count and try again.",
    ),
    "Bedrock's Nova": (
        400,
        "Input Tokens Exceeded: Number of input tokens exceeds maximum length. Please update the "
        "input to try again.",
    ),
    "Bedrock's Llama": (
        400,
        "The maximum tokens you requested exceeds the model limit of 4096. Try again with a "
        "maximum tokens value that is lower than 4096.",
    ),
    "Cohere": (
        400,
        "too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 5000. "
        "Try using a shorter prompt",
    ),
    "watsonx": (
        400,
        "the number of input tokens 9000 cannot exceed the total tokens limit 8192 for this model",
    ),
    "Alibaba": (400, "InternalError.Algo.InvalidParameter: Range of input length should be [1, 9]"),
    "MiniMax": (400, "invalid params, context window exceeds limit (2013)"),
    "Z.ai": (400, "Prompt exceeds max length"),
    "Copilot": (
        400,
        "prompt token count of 140000 exceeds the limit of 128000 model_max_prompt_tokens_exceeded",
    ),
    "GitHub Models": (413, "Request body too large for gpt-4o model. Max size: 8000 tokens."),
    "DeepInfra": (400, "Requested input length 40000 exceeds maximum input length 32768"),
    "TGI, inputs": (
        422,
        "Input validation error: `inputs` must have less than 4095 tokens. Given: 5000",
    ),
    "LM Studio, newer": (
        400,
        "The number of tokens to keep from the initial prompt is greater than the context length. "
        "Try to load the model with a larger context length, or provide a shorter input",
    ),
    "LM Studio, no shift": (
        400,
        "Reached context length of 4096 tokens with this model, but this model does not currently "
        "support mid-generation context overflow because llama_memory_can_shift is 0",
    ),
    "llama.cpp, batch": (
        500,
        "input (5000 tokens) is too large to process. increase the physical batch size "
        "(current batch size: 2048)",
    ),
    "vLLM, input": (
        400,
        "You passed 4097 input tokens and requested 0 output tokens. However, the model's context "
        "length is only 4096 tokens. Please reduce the length of the input prompt.",
    ),
    "vLLM, output": (
        400,
        "'max_tokens' or 'max_completion_tokens' is too large: 8192. This model's maximum context "
        "length is 4096 tokens and your request has 5000 input tokens (8192 > 4096 - 5000).",
    ),
    "Poolside": (
        400,
        "Input length 131393 exceeds the maximum allowed input length of 131040 tokens.",
    ),
    "Cohere, in total": (400, "total tokens exceeds the model's max of 4096"),
    "Bedrock, limit": (400, "Input exceeds the max input token limit"),
    "TensorRT-LLM": (
        400,
        "The sum of prompt length (4096.0), query length (0) max_tokens (10) should not exceed "
        "max_num_tokens (4096)",
    ),
    "vLLM, no room left": (400, "max_completion_tokens must be at least 1, got -115."),
    "Zhipu": (400, "Prompt 超长"),
    "more than the tokens of a minute": (
        429,
        "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 30601. The "
        "input or output tokens must be reduced in order to run successfully.",
    ),
    "no status": (None, "This model's maximum context length is 4096 tokens."),
}


@pytest.mark.parametrize(("status", "message"), OVERFLOWS.values(), ids=OVERFLOWS)
def test_a_full_context(status: int | None, message: str) -> None:
    assert kind_of(status, message) == "overflow"
