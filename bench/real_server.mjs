// Serves a GGUF model on 127.0.0.1 as the OpenAI API does, by llama.cpp (node-llama-cpp).
//     node real_server.mjs FOLDER_OF_NODE_MODULES MODEL.gguf     prints the port
// Tool calls and answers with a schema are forced by a grammar; a prompt that is too long is refused.
import {createServer} from "node:http";
import {createRequire} from "node:module";
import {pathToFileURL} from "node:url";

const [, , home, modelPath] = process.argv;
const found = createRequire(`${home}/`).resolve("node-llama-cpp");
const {getLlama, LlamaChat} = await import(pathToFileURL(found).href);

const CONTEXT = 8192, MOST = 400;
const llama = await getLlama({build: "never", gpu: false, logLevel: "error"});
const model = await llama.loadModel({modelPath});
const context = await model.createContext({contextSize: CONTEXT, threads: 1});
// one thread: llama.cpp waits actively, which a busy processor turns into minutes
const chat = new LlamaChat({contextSequence: context.getSequence()});

const textOf = (content) => typeof content === "string" ? content
    : (content ?? []).map((part) => part.text ?? "").join("");

function history(messages) {
    const found = [];
    for (const {role, content, tool_calls: calls} of messages) {
        const text = textOf(content) + (calls?.length ? JSON.stringify(calls[0].function) : "");
        if (role === "assistant") found.push({type: "model", response: [text]});
        else if (role === "system") found.push({type: "system", text});
        else found.push({type: "user", text});
    }
    return found;
}

async function grammarFor({tools, response_format: format}) {
    if (tools?.length)
        return llama.createGrammarForJsonSchema({oneOf: tools.map(({function: {name, parameters}}) => ({
            type: "object",
            properties: {name: {const: name}, arguments: {type: "object", properties: Object.fromEntries(
                Object.keys(parameters?.properties ?? {}).map((key) => [key, {type: "string"}]))}}
        }))});
    if (format?.type === "json_schema") return llama.createGrammarForJsonSchema(format.json_schema.schema);
    return undefined;
}

class Refused extends Error {}

async function complete(body) {
    const asked = history(body.messages), room = Math.min(body.max_completion_tokens ?? body.max_tokens ?? MOST, MOST);
    const size = model.tokenize(asked.map((item) => item.text ?? item.response[0]).join("\n")).length;
    if (size + room + 200 > CONTEXT)
        throw new Refused(`This model's maximum context length is ${CONTEXT} tokens, and ${size} were given.`);
    const grammar = await grammarFor(body), choices = [];
    let written = 0;
    for (let index = 0; index < (body.n ?? 1); index++) {
        const {response, metadata} = await chat.generateResponse(asked, {
            grammar, maxTokens: room, temperature: body.temperature ?? 0.7, seed: body.seed ?? Math.floor(Math.random() * 2 ** 31)
        });
        written += model.tokenize(response).length;
        let message = {role: "assistant", content: response}, finish = metadata.stopReason === "maxTokens" ? "length" : "stop";
        if (body.tools?.length && finish === "stop") {
            const call = JSON.parse(response);
            const asText = {name: call.name, arguments: JSON.stringify(call.arguments ?? {})};
            message = {role: "assistant", content: null, tool_calls: [{id: `call_${Date.now()}`, type: "function", function: asText}]};
            finish = "tool_calls";
        }
        choices.push({index, message, finish_reason: finish, logprobs: null});
    }
    const usage = {prompt_tokens: size, completion_tokens: written, total_tokens: size + written};
    return {id: "chatcmpl-1", object: "chat.completion", created: 0, model: body.model, choices, usage};
}

let last = Promise.resolve();  // one sequence: one request at a time
createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const answer = last.then(() => complete(JSON.parse(text)));
    last = answer.catch(() => {});
    let status = 200, body;
    try { body = await answer; }
    catch (error) {
        status = error instanceof Refused ? 400 : 500;
        body = {error: {message: error.message, type: "invalid_request_error", code: status === 400 ? "context_length_exceeded" : null}};
    }
    response.writeHead(status, {"content-type": "application/json"});
    response.end(JSON.stringify(body));
}).listen(0, "127.0.0.1", function () { console.log(this.address().port); });
